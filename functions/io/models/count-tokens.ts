import { Tokenizer } from '@huggingface/tokenizers';
import type { InferRequest } from '../../contract/planned-infer.ts';
import type { LooseJson, ModelKind } from '../../core/model-facts.ts';
import type { TokenCounts } from './engine-facts.ts';

/**
 * Characters of a text that are counted, about a second of work; a longer one is taken to go on as it began. A text
 * that long is over every context anyway.
 */
const MOST_CHARACTERS = 1_000_000;

/** What tokens are counted with: the files of a model. */
export type TokenSource = {
  readonly kind: ModelKind;
  readonly tokenizer: LooseJson;
  readonly tokenizerConfig: LooseJson;
};

const NO_TEMPLATE = 'the tokens that the chat template adds are not counted';
const TOO_LONG = `of texts above ${MOST_CHARACTERS} characters the beginning was counted`;

type Counted = { readonly tokens: number; readonly because?: string };

/** The special tokens around a text are in both parts of a long one; two or three do not matter there. */
const countText = (tokenizer: Tokenizer, text: string, pair?: string): Counted => {
  const length = text.length + (pair?.length ?? 0);
  if (length <= MOST_CHARACTERS) {
    const options = pair === undefined ? {} : { text_pair: pair };
    return { tokens: tokenizer.encode(text, options).ids.length };
  }
  const beginning = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
  const { tokens } = { tokens: tokenizer.encode(beginning).ids.length };
  return { tokens: Math.ceil((tokens * length) / beginning.length), because: TOO_LONG };
};

const countRequest = (tokenizer: Tokenizer, kind: ModelKind, request: InferRequest): Counted => {
  if ('prompt' in request) return countText(tokenizer, request.prompt);
  if ('query' in request) {
    const { query, document } = request;
    if (kind === 'cross-encoder') return countText(tokenizer, query, document);
    // Each side is embedded by itself.
    const [left, right] = [countText(tokenizer, query), countText(tokenizer, document)];
    const because = left.because ?? right.because;
    return { tokens: left.tokens + right.tokens, ...(because === undefined ? {} : { because }) };
  }
  const contents = request.messages.map(({ content }) => countText(tokenizer, content));
  return { tokens: contents.reduce((sum, { tokens }) => sum + tokens, 0), because: NO_TEMPLATE };
};

/**
 * Opens a model's tokenizer: what it returns counts the prompt tokens of requests as the engine will, special tokens
 * included. Throws where the tokenizer is of a kind that cannot be read here.
 */
export const openTokenCounter = (
  source: TokenSource,
): ((requests: readonly InferRequest[]) => Promise<TokenCounts>) => {
  const tokenizer = new Tokenizer(source.tokenizer, source.tokenizerConfig);
  return async (requests) => {
    const counted = requests.map((request) => countRequest(tokenizer, source.kind, request));
    const because = counted.find((each) => each.because !== undefined)?.because;
    const tokens = counted.map((each) => each.tokens);
    return because === undefined ? { tokens, isExact: true } : { tokens, isExact: false, because };
  };
};
