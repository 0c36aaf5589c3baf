import { availableParallelism } from 'node:os';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { RejectLimit } from '../functions/contract/plan-header.ts';
import { ErrorsSpec } from '../functions/contract/spec.ts';
import { parseDuration } from '../functions/core/parse-duration.ts';
import { parseMaxRejects } from '../functions/core/parse-max-rejects.ts';
import { parseBytes } from '../functions/core/render-units.ts';
import type { Resources } from '../functions/stages/stage-context.ts';

/** Less than this and DuckDB cannot even hold the buffers of one group-by. */
const LEAST_MEMORY_BYTES = 64e6;

/** Share of the memory there is that a job takes where --memory does not say; the rest is Node and the page cache. */
const MEMORY_SHARE = 0.7;

export const parseMemory = (text: string): number => {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new InvalidArgumentError('expected a size such as 512MB or 4GiB');
  if (bytes < LEAST_MEMORY_BYTES) throw new InvalidArgumentError('expected at least 64MB');
  return bytes;
};

/** As `errors.max_rejects` of a spec. */
export const parseRejectLimit = (text: string): RejectLimit => {
  const parsed = ErrorsSpec.safeParse({ max_rejects: /^\d+$/.test(text) ? Number(text) : text });
  if (!parsed.success) throw new InvalidArgumentError('expected a number of rows, or a rate such as 1%');
  return parseMaxRejects(parsed.data.max_rejects);
};

/** In seconds. */
export const parseTime = (text: string): number => {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('expected a time such as 7d or 12h');
  return seconds;
};

export const parsePositive = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1');
  return Number(text);
};

/** `path=value`, split at the first `=`. */
export const collectOverride = (
  text: string,
  before: readonly { path: string; value: string }[] = [],
): readonly { path: string; value: string }[] => {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected path=value, for example output.mode=overwrite');
  return [...before, { path: text.slice(0, at).trim(), value: text.slice(at + 1) }];
};

export const collectText = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];

export const resourcesOf = (options: { readonly memory?: number; readonly threads?: number }): Resources => ({
  threads: options.threads ?? availableParallelism(),
  memoryBytes: options.memory ?? Math.floor(process.availableMemory() * MEMORY_SHARE),
});

/** The folder of Daybreak's state: --workdir, else DAYBREAK_WORKDIR, else `.daybreak` here. */
export const workdirOf = (options: { readonly workdir?: string }): string =>
  path.resolve(options.workdir ?? process.env.DAYBREAK_WORKDIR ?? '.daybreak');
