import { SourceMap, type SourceMapPayload } from 'node:module';

const INLINE_MAP = '//# sourceMappingURL=data:application/json;base64,';

/** Finds where in the author's source an error was thrown: `file.ts:12:7`. */
export type FindPlace = (error: unknown) => string | undefined;

/**
 * Reads the source map inside a bundle. The answer maps the topmost frame of an error's stack that lies in the
 * bundle at `url`; undefined where no frame does, or the error has no stack.
 */
export const createFindPlace = (bytes: Uint8Array, url: string): FindPlace => {
  let map: SourceMap | undefined;
  return (error) => {
    const frame = frameIn(error, url);
    if (frame === undefined) return undefined;
    map ??= readMap(bytes);
    const entry = map?.findEntry(frame.line - 1, frame.column - 1);
    // An empty object where the map has nothing there.
    if (entry === undefined || !('originalSource' in entry)) return undefined;
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  };
};

const readMap = (bytes: Uint8Array): SourceMap | undefined => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const at = text.lastIndexOf(INLINE_MAP);
  if (at < 0) return undefined;
  const payload: unknown = JSON.parse(
    Buffer.from(text.slice(at + INLINE_MAP.length).trim(), 'base64').toString('utf8'),
  );
  // esbuild wrote it, and its bytes were checked against their hash.
  return new SourceMap(payload as SourceMapPayload);
};

const frameIn = (
  error: unknown,
  url: string,
): { readonly line: number; readonly column: number } | undefined => {
  const stack = readStack(error);
  const at = stack.indexOf(`${url}:`);
  if (at < 0) return undefined;
  const match = /^:(\d+):(\d+)/.exec(stack.slice(at + url.length));
  return match === null ? undefined : { line: Number(match[1]), column: Number(match[2]) };
};

/** Stacks longer than this are not the engine's. */
const STACK_CHARACTERS = 100_000;

const readStack = (error: unknown): string => {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack.slice(0, STACK_CHARACTERS) : '';
  } catch {
    // A getter of the author's own: there is no place then.
    return '';
  }
};
