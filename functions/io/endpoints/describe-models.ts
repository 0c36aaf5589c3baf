import { renderQuote } from '../../core/explain-issues.ts';

/** A model that an endpoint says it serves. */
export type ServedModel = {
  readonly name: string;
  /** Prompt and answer together, where it says so: vLLM does. */
  readonly contextTokens?: number;
};

const MOST_MODELS = 10_000;
const MOST_SHOWN = 10;

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads `GET /models`; undefined where the reply is none. */
export const readModels = (body: unknown): readonly ServedModel[] | undefined => {
  if (!isMapping(body) || !Array.isArray(body.data)) return undefined;
  return body.data.slice(0, MOST_MODELS).flatMap((model) => {
    if (!isMapping(model) || typeof model.id !== 'string') return [];
    const { id: name, max_model_len: tokens } = model;
    return [
      { name, ...(Number.isInteger(tokens) && Number(tokens) > 0 ? { contextTokens: Number(tokens) } : {}) },
    ];
  });
};

/** `"a", "b" and 3 more`. */
export const renderModels = (models: readonly ServedModel[]): string => {
  if (models.length === 0) return 'none';
  const shown = models.slice(0, MOST_SHOWN).map(({ name }) => renderQuote(name));
  const more = models.length > shown.length ? ` and ${models.length - shown.length} more` : '';
  return `${shown.join(', ')}${more}`;
};
