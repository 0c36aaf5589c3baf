import { inspect } from 'node:util';

/** What stands where a secret stood. */
const MASK = '[key]';

/** Shorter ones are the words that servers without keys want, `EMPTY`, `ollama`: an answer may well hold one. */
const SHORTEST_GUARDED = 8;

/** A text that does not print: neither as text, nor as JSON, nor in the inspection of whatever holds it. */
export class Secret {
  readonly #text: string;
  /** As it may come back: plain, in an address, in base64, in JSON. */
  readonly #forms: readonly string[];

  constructor(text: string) {
    this.#text = text;
    const json = JSON.stringify(text).slice(1, -1);
    const base64 = Buffer.from(text).toString('base64');
    this.#forms = [
      ...new Set([text, encodeURIComponent(text), base64, json, json.replaceAll('/', String.raw`\/`)]),
    ];
  }

  /** For the one header that it is made for. */
  reveal(): string {
    return this.#text;
  }

  /** Whether a text holds it; of one that is a common word nobody can say. */
  isIn(text: string): boolean {
    return this.#text.length >= SHORTEST_GUARDED && this.#forms.some((form) => text.includes(form));
  }

  /** The text with every occurrence masked, whatever its length. */
  maskIn(text: string): string {
    return this.#forms.reduce((masked, form) => masked.replaceAll(form, MASK), text);
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
