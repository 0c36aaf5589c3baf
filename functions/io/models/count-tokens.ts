import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import type { ChatMessage, InferRequest } from '../../contract/planned-infer.ts';
import { isLooseJson, type LooseJson, type ModelKind, textAt } from '../../core/model-facts.ts';
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
  /** As the model has it, in Jinja. */
  readonly chatTemplate?: string | undefined;
};

const NO_TEMPLATE =
  'the chat template of the model fails on these messages here: what it adds is not counted';
const TOO_LONG = `of texts above ${MOST_CHARACTERS} characters the beginning was counted`;

type Counted = { readonly tokens: number; readonly because?: string };

/** The text of a chat up to where the model goes on; undefined where the template fails on it. */
type RenderChat = (messages: readonly ChatMessage[]) => string | undefined;

/** Opened once for all that is counted. */
type Opened = { readonly tokenizer: Tokenizer; readonly kind: ModelKind; readonly renderChat: RenderChat };

/** By which names templates know special tokens. */
const SPECIAL_TOKENS = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;

const specialTokensOf = (tokenizerConfig: LooseJson): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SPECIAL_TOKENS.flatMap((name) => {
      const token = tokenizerConfig[name];
      const text = isLooseJson(token) ? textAt(token, 'content') : token;
      return typeof text === 'string' ? [[name, text]] : [];
    }),
  );

/** As transformers and vLLM render it. What a template that cannot be read here would add is not counted. */
const openChat = ({ chatTemplate, tokenizerConfig }: TokenSource): RenderChat => {
  if (chatTemplate === undefined) return () => undefined;
  const given = { ...specialTokensOf(tokenizerConfig), add_generation_prompt: true };
  let template: Template | undefined;
  return (messages) => {
    try {
      template ??= new Template(chatTemplate);
      return template.render({ ...given, messages });
    } catch {
      // The language of templates is Python's; a word of it that is missing here is no fault of the rows.
      return undefined;
    }
  };
};

/** The special tokens around a text are in both parts of a long one; two or three do not matter there. */
const countText = (
  tokenizer: Tokenizer,
  text: string,
  options: { readonly text_pair?: string } = {},
): Counted => {
  const length = text.length + (options.text_pair?.length ?? 0);
  if (length <= MOST_CHARACTERS) return { tokens: tokenizer.encode(text, options).ids.length };
  const beginning = text.slice(0, MOST_CHARACTERS);
  const { ids } = tokenizer.encode(beginning);
  return { tokens: Math.ceil((ids.length * length) / beginning.length), because: TOO_LONG };
};

const sumCounts = (
  counts: readonly Counted[],
  because = counts.find((each) => each.because)?.because,
): Counted => {
  const tokens = counts.reduce((sum, each) => sum + each.tokens, 0);
  return because === undefined ? { tokens } : { tokens, because };
};

const countChat = ({ tokenizer, renderChat }: Opened, messages: readonly ChatMessage[]): Counted => {
  const contents = messages.map(({ content }) => content);
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const text = length > MOST_CHARACTERS ? undefined : renderChat(messages);
  // The template has written the special tokens already.
  if (text !== undefined) return { tokens: tokenizer.encode(text, { add_special_tokens: false }).ids.length };
  const because = length > MOST_CHARACTERS ? TOO_LONG : NO_TEMPLATE;
  return sumCounts(
    contents.map((content) => countText(tokenizer, content)),
    because,
  );
};

const countRequest = (opened: Opened, request: InferRequest): Counted => {
  const { tokenizer, kind } = opened;
  if ('messages' in request) return countChat(opened, request.messages);
  if ('prompt' in request) return countText(tokenizer, request.prompt);
  const { query, document } = request;
  if (kind === 'cross-encoder') return countText(tokenizer, query, { text_pair: document });
  // Each side is embedded by itself.
  return sumCounts([countText(tokenizer, query), countText(tokenizer, document)]);
};

/**
 * Opens a model's tokenizer: what it returns counts the prompt tokens of requests as the engine will, special tokens
 * and chat template included. Throws where the tokenizer is of a kind that cannot be read here.
 */
export const openTokenCounter = (
  source: TokenSource,
): ((requests: readonly InferRequest[]) => Promise<TokenCounts>) => {
  const tokenizer = new Tokenizer(source.tokenizer, source.tokenizerConfig);
  const opened: Opened = { tokenizer, kind: source.kind, renderChat: openChat(source) };
  return async (requests) => {
    const counted = requests.map((request) => countRequest(opened, request));
    const because = counted.find((each) => each.because !== undefined)?.because;
    const tokens = counted.map((each) => each.tokens);
    return because === undefined ? { tokens, isExact: true } : { tokens, isExact: false, because };
  };
};
