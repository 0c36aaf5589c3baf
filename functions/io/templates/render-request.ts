import type { Liquid } from 'liquidjs';
import {
  type ChatMessage,
  INFER_LIMITS,
  type InferRejectCause,
  type InferRequest,
  type PlannedInferStep,
} from '../../contract/planned-infer.ts';
import { checkTemplateVariable } from '../../core/check-template-variable.ts';
import { createObjectReader } from '../modules/read-cell.ts';
import { createLiquid, renderTemplate } from './liquid.ts';
import { type ParsedTemplate, parseTemplate } from './parse-template.ts';
import { MessagesError, readMessages } from './read-messages.ts';

/** The request of a row as JSON text, or why it has none. Values stand in `message` only. */
export type RenderedRequest =
  | { readonly text: string; readonly cause?: never }
  | { readonly cause: InferRejectCause; readonly error: string; readonly message: string };

/** Renders a row, given by the values of `step.uses` in their order. */
export type RequestRenderer = (values: readonly unknown[]) => RenderedRequest;

type Step = Pick<PlannedInferStep, 'task' | 'prompts' | 'input' | 'uses'>;

class RequestTooLongError extends Error {
  override readonly name = 'RequestTooLongError';

  constructor() {
    super(`the request is longer than ${INFER_LIMITS.requestCharacters} characters`);
  }
}

class EmptyPromptError extends Error {
  override readonly name = 'EmptyPromptError';
}

/** What each row goes through: parsed once, since it was checked when the step was bound. */
export const createRequestRenderer = (step: Step): RequestRenderer => {
  let characters = 0;
  const liquid = createLiquid((text) => {
    characters += text.length;
    if (characters > INFER_LIMITS.requestCharacters) throw new RequestTooLongError();
  });
  const { prompts, uses } = step;
  const renderers = new Map(
    (['prompt', 'query', 'document'] as const).flatMap((field) => {
      const text = prompts[field];
      return text === undefined ? [] : [[field, createTemplate(liquid, step, text)] as const];
    }),
  );
  const render = (field: 'prompt' | 'query' | 'document', values: readonly unknown[]): string => {
    const text = renderers.get(field)?.(values).toWellFormed() ?? '';
    if (text.trim() === '') throw new EmptyPromptError(`the ${field} is empty`);
    return text;
  };
  const messagesAt = prompts.messages === undefined ? -1 : uses.indexOf(prompts.messages);
  const compose = (values: readonly unknown[]): InferRequest => {
    if (prompts.messages !== undefined) return { messages: [...requireMessages(values[messagesAt])] };
    if (prompts.query !== undefined)
      return { query: render('query', values), document: render('document', values) };
    const prompt = render('prompt', values);
    return step.task === 'chat'
      ? { messages: [...before(prompts), { role: 'user', content: prompt }] }
      : { prompt };
  };
  return (values) => {
    characters = 0;
    try {
      const text = JSON.stringify(compose(values));
      if (text.length > INFER_LIMITS.requestCharacters) throw new RequestTooLongError();
      return { text };
    } catch (error) {
      return explain(error);
    }
  };
};

/** The turns that come before the prompt of a chat. */
const before = ({ system, examples = [] }: PlannedInferStep['prompts']): readonly ChatMessage[] => [
  ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
  ...examples.flatMap(({ user, assistant }) => [
    { role: 'user', content: user } as const,
    { role: 'assistant', content: assistant } as const,
  ]),
];

const requireMessages = (value: unknown): readonly ChatMessage[] => {
  const messages = readMessages(value).map(({ role, content }) => ({
    role,
    content: content.toWellFormed(),
  }));
  if (messages.every(({ content }) => content.trim() === ''))
    throw new EmptyPromptError('all messages are empty');
  return messages;
};

/** A name is found as the template writes it: a column of another case stands under both. */
const createTemplate = (
  liquid: Liquid,
  { input, uses }: Step,
  text: string,
): ((values: readonly unknown[]) => string) => {
  const { template, variables } = requireParsed(liquid, text);
  const places = new Map<string, number>();
  for (const variable of variables) {
    const verdict = checkTemplateVariable(variable, input);
    if (!('column' in verdict)) throw new Error(`${variable.name} was not checked when the step was bound`);
    places.set(variable.name, uses.indexOf(verdict.column));
  }
  const [names, indexes] = [[...places.keys()], [...places.values()]];
  const scopeOf = createObjectReader(names);
  return (values) => {
    const scope = scopeOf((index) => values[indexes[index] ?? -1] ?? null);
    return renderTemplate(liquid, template, scope);
  };
};

const requireParsed = (liquid: Liquid, text: string): ParsedTemplate => {
  const found = parseTemplate(liquid, text);
  if ('parsed' in found) return found.parsed;
  throw new Error(`a template was not checked when the step was bound: ${found.problem.message}`);
};

const explain = (error: unknown): RenderedRequest => {
  const cause = originOf(error);
  if (!(cause instanceof Error)) return { cause: 'template', error: 'Error', message: String(cause) };
  const { name, message } = cause;
  if (cause instanceof RequestTooLongError) return { cause: 'prompt_too_long', error: name, message };
  if (cause instanceof EmptyPromptError) return { cause: 'empty_prompt', error: name, message };
  const said = cause instanceof MessagesError ? message : (message.split('\n')[0] ?? '');
  return { cause: 'template', error: name, message: said };
};

/** Liquid wraps what is thrown while it renders, as often as its tags are nested. */
const MOST_WRAPPERS = 32;

const originOf = (error: unknown): unknown => {
  let found = error;
  for (let depth = 0; depth < MOST_WRAPPERS; depth += 1) {
    const inner = (found as { readonly originalError?: unknown } | undefined)?.originalError;
    if (inner === undefined) return found;
    if (inner instanceof RequestTooLongError || inner instanceof EmptyPromptError) return inner;
    found = inner;
  }
  return error;
};
