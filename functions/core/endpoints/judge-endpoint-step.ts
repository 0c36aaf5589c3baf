import type { EndpointKind } from '../../contract/endpoint-settings.ts';
import type { Problem } from '../../contract/errors.ts';
import type { InferStep, Sampling } from '../../contract/infer-step.ts';
import { renderChoice, renderQuote } from '../explain-issues.ts';
import { suggestName } from '../suggest-name.ts';
import { compileRegex } from './compile-regex.ts';
import { type ShapeField, WIRES } from './wires.ts';

/** What the plan knows of an endpoint. */
export type JudgedEndpoint = {
  readonly name: string;
  readonly kind: EndpointKind;
  readonly models?: readonly string[];
};

/**
 * What of a step an endpoint cannot do, each with its place below `path` (`steps[1].infer`). What is not named here
 * is sent: nothing that the spec asks for is left out silently.
 */
export const judgeEndpointStep = (
  step: InferStep,
  endpoint: JudgedEndpoint,
  path: string,
): readonly Problem[] => {
  const problems: Problem[] = [];
  const refuse = (field: string, message: string, suggestion?: string): void => {
    problems.push({ path: `${path}.${field}`, message, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  judgeModel(step, endpoint, refuse);
  judgeSampling(step.sampling ?? {}, endpoint, refuse);
  judgeShape(step, endpoint, refuse);
  const { score, hasAdapters, truncates } = WIRES[endpoint.kind];
  const who = whoOf(endpoint);
  if (step.task === 'score' && score === undefined)
    refuse('task', `${who} has no way to score; an endpoint of kind vllm or llamacpp has`);
  if (step.lora !== undefined && !hasAdapters)
    refuse('lora', `${who} takes no adapter; an endpoint of kind vllm serves it under its name`);
  if (step.truncate !== undefined && !truncates)
    refuse(
      'truncate',
      `${who} does not cut a prompt on a side of choice; without it a longer prompt is a reject`,
    );
  return problems;
};

type Refuse = (field: string, message: string, suggestion?: string) => void;

const whoOf = ({ name, kind }: JudgedEndpoint): string => `the endpoint ${name}, of kind ${kind},`;

const judgeModel = ({ model }: InferStep, { name, models }: JudgedEndpoint, refuse: Refuse): void => {
  if (models === undefined || models.includes(model)) return;
  const shown = models.slice(0, 10).map(renderQuote);
  const rest = models.length > shown.length ? ` and ${models.length - shown.length} more` : '';
  refuse(
    'model',
    `the endpoint ${name} is set up for ${renderChoice(shown)}${rest}, not for ${renderQuote(model)}`,
    suggestName(model, models),
  );
};

const judgeSampling = (sampling: Sampling, endpoint: JudgedEndpoint, refuse: Refuse): void => {
  const { sampling: known, mostTemperature, mostStops } = WIRES[endpoint.kind];
  const who = whoOf(endpoint);
  for (const [field, value] of Object.entries(sampling)) {
    if (value === undefined || (known as readonly string[]).includes(field)) continue;
    const has = (Object.keys(WIRES) as EndpointKind[]).filter((kind) =>
      (WIRES[kind].sampling as readonly string[]).includes(field),
    );
    refuse(`sampling.${field}`, `${who} has no ${field}; kind ${renderChoice(has)} has`);
  }
  const { temperature, stop } = sampling;
  if (mostTemperature !== undefined && temperature !== undefined && temperature > mostTemperature)
    refuse('sampling.temperature', `${who} takes at most ${mostTemperature}, found ${temperature}`);
  if (mostStops !== undefined && Array.isArray(stop) && stop.length > mostStops)
    refuse('sampling.stop', `${who} takes at most ${mostStops} texts, found ${stop.length}`);
};

const SHAPES = ['schema', 'choice', 'regex'] as const satisfies readonly ShapeField[];

const judgeShape = (step: InferStep, endpoint: JudgedEndpoint, refuse: Refuse): void => {
  const { shapes } = WIRES[endpoint.kind];
  for (const shape of SHAPES) {
    if (step[shape] === undefined || (step.task !== 'chat' && step.task !== 'generate')) continue;
    if (shapes[step.task].includes(shape)) continue;
    const isForChat = shapes.chat.includes(shape);
    refuse(
      shape,
      `${whoOf(endpoint)} cannot hold an answer of ${step.task} to a ${shape}; ${
        isForChat ? 'the task chat can, and ' : ''
      }an endpoint of kind vllm can`,
    );
  }
  if (step.regex !== undefined && compileRegex(step.regex) === undefined)
    refuse('regex', 'answers are checked by JavaScript, which cannot read this expression');
};
