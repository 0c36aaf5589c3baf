/** What a stage with a model is expected to take, from finished jobs, else from assumptions that are named as such. */
import type { StepFigures } from '../contract/model-history.ts';
import type { InferEstimate, PlannedInferStep } from '../contract/planned-infer.ts';
import { medianOf } from './median.ts';
import { renderCount } from './render-units.ts';

/** Of English text as most tokenizers cut it; other scripts have more tokens, and then tasks are longer. */
const ASSUMED_TOKENS_PER_CHARACTER = 0.25;
/** Of free text: few answers are as long as they may be. */
const ASSUMED_SHARE_OF_MAX_TOKENS = 0.5;
/** Beside the tokens of a choice: the end of the answer. */
const END_TOKENS = 1;

/** Requests of a sample that were counted; `characters` as commits weigh them. */
export type CountedSample = { readonly tokens: number; readonly characters: number };

export type InferQuestion = {
  readonly step: Pick<PlannedInferStep, 'answer' | 'sampling'>;
  /** Of {@link StepFigures}: the step that is asked for. */
  readonly digest: string;
  /** Undefined where nothing can be counted before the job runs. */
  readonly counted: CountedSample | undefined;
  /** Of the same model, engine and machine, newest last. */
  readonly history: readonly StepFigures[];
};

type Found = { readonly value: number; readonly because: string; readonly isKnown: boolean };

const sumOf = (
  figures: readonly StepFigures[],
  field: 'rows' | 'characters' | 'promptTokens' | 'outputTokens',
) => figures.reduce((sum, each) => sum + each[field], 0);

/** Those of the very step, where there are any: prompts of another length make another speed. */
const closest = ({ history, digest }: InferQuestion): readonly StepFigures[] => {
  const same = history.filter(({ step }) => step === digest);
  return same.length > 0 ? same : history;
};

const findPromptRate = (
  question: InferQuestion,
): Required<Pick<InferEstimate, 'promptTokensPerCharacter' | 'promptBasis'>> => {
  const { counted } = question;
  if (counted !== undefined && counted.characters > 0)
    return { promptTokensPerCharacter: counted.tokens / counted.characters, promptBasis: 'counted' };
  const before = closest(question).filter(
    ({ promptTokens, characters }) => promptTokens > 0 && characters > 0,
  );
  if (before.length === 0)
    return { promptTokensPerCharacter: ASSUMED_TOKENS_PER_CHARACTER, promptBasis: 'assumed' };
  const rate = sumOf(before, 'promptTokens') / sumOf(before, 'characters');
  return { promptTokensPerCharacter: rate, promptBasis: 'history' };
};

const meanOutput = (figures: readonly StepFigures[]): number =>
  sumOf(figures, 'outputTokens') / sumOf(figures, 'rows');

const assumeOutput = ({ answer, sampling }: InferQuestion['step']): Found => {
  const mostTokens = sampling?.max_tokens ?? 0;
  if (answer.kind === 'choice') {
    const longest = Math.max(...answer.choice.map((choice) => choice.length));
    const tokens = Math.ceil(longest * ASSUMED_TOKENS_PER_CHARACTER) + END_TOKENS;
    return {
      value: Math.min(tokens, mostTokens),
      because: 'answers assumed as long as the longest choice',
      isKnown: false,
    };
  }
  return {
    value: mostTokens * ASSUMED_SHARE_OF_MAX_TOKENS,
    because: `answers assumed to have half of max_tokens, ${renderCount(Math.ceil(mostTokens * ASSUMED_SHARE_OF_MAX_TOKENS))} tokens`,
    isKnown: false,
  };
};

const findOutput = (question: InferQuestion): Found => {
  const { step, digest, history } = question;
  const { answer, sampling } = step;
  if (answer.kind === 'embedding' || answer.kind === 'score')
    return { value: 0, because: 'no answer has tokens', isKnown: true };
  const counted = history.filter(({ outputTokens }) => outputTokens > 0);
  const same = counted.filter((figures) => figures.step === digest);
  if (same.length > 0) {
    const value = meanOutput(same);
    return {
      value,
      because: `${value.toFixed(1)} tokens an answer, as before with this step`,
      isKnown: true,
    };
  }
  const alike = counted.filter(
    (figures) => figures.answer === answer.kind && figures.maxTokens === sampling?.max_tokens,
  );
  if (alike.length === 0) return assumeOutput(step);
  const value = meanOutput(alike);
  return {
    value,
    because: `${value.toFixed(1)} tokens an answer, as before with other prompts of this shape and max_tokens`,
    isKnown: true,
  };
};

/** Tokens of prompts and answers a second of one worker; undefined where no job has shown it. */
const findSpeed = (
  question: InferQuestion,
): { readonly value: number | undefined; readonly because: string } => {
  // An endpoint that does not count its tokens teaches nothing.
  const speeds = closest(question)
    .map(({ promptTokens, outputTokens, seconds }) => (promptTokens + outputTokens) / seconds)
    .filter((speed) => speed > 0);
  if (speeds.length === 0)
    return {
      value: undefined,
      because: 'no job with this model has finished on this machine, so a pilot measures its speed',
    };
  const value = medianOf(speeds);
  const jobs = speeds.length === 1 ? 'one finished step' : `${speeds.length} finished steps`;
  return {
    value,
    because: `${renderCount(Math.round(value))} tokens/s, the median of ${jobs} with this model on this machine`,
  };
};

/**
 * What a stage with a model is expected to take. Speed and the length of answers come from finished jobs with the same
 * model, engine and machine, first of all from those with the same step; the tokens of prompts from a sample that was
 * counted; the start of the engine from all jobs with that model. What nobody knows is assumed, and `because` says so; a speed is never assumed.
 */
export const estimateInfer = (question: InferQuestion): InferEstimate => {
  const output = findOutput(question);
  const speed = findSpeed(question);
  const starts = question.history.flatMap(({ startSeconds }) => startSeconds ?? []);
  return {
    ...findPromptRate(question),
    outputTokensPerRow: output.value,
    ...(speed.value === undefined ? {} : { tokensPerSecond: speed.value }),
    ...(starts.length === 0 ? {} : { startSeconds: medianOf(starts) }),
    basis: speed.value !== undefined && output.isKnown ? 'history' : 'assumed',
    because: `${speed.because}; ${output.because}`,
  };
};
