import { DaybreakError } from './errors.ts';
import type { ModuleRejectCause } from './module-step.ts';
import type { RejectCause } from './pinned-input.ts';
import type { InferRejectCause } from './planned-infer.ts';

const QUOTED_NAMES = 10;
const quoteNames = (names: readonly string[]): string => {
  const more = names.length > QUOTED_NAMES ? ` and ${names.length - QUOTED_NAMES} more` : '';
  return (
    names
      .slice(0, QUOTED_NAMES)
      .map((name) => JSON.stringify(name))
      .join(', ') + more
  );
};

/** No file is where `input.uri` points. */
export class InputNotFoundError extends DaybreakError {
  override readonly name = 'InputNotFoundError';

  constructor(
    {
      uri,
      reason,
      nearest,
    }: { readonly uri: string; readonly reason: string; readonly nearest: readonly string[] },
    options?: ErrorOptions,
  ) {
    const hint = nearest.length === 0 ? '' : `; nearest there: ${quoteNames(nearest)}`;
    super(`the input ${JSON.stringify(uri)} names no file: ${reason}${hint}`, options);
  }
}

/** A file is not what its format says, or its format cannot be known. */
export class InputFormatError extends DaybreakError {
  override readonly name = 'InputFormatError';

  constructor({ path, reason }: { readonly path: string; readonly reason: string }, options?: ErrorOptions) {
    super(`the input file ${JSON.stringify(path)} ${reason}`, options);
  }
}

/** An input lies where nobody lets this job read: for want of credentials, of permission, of a region. */
export class InputAccessError extends DaybreakError {
  override readonly name = 'InputAccessError';

  /** `reason` goes on from "the input x …". */
  constructor({ path, reason }: { readonly path: string; readonly reason: string }, options?: ErrorOptions) {
    super(`the input ${JSON.stringify(path)} ${reason}`, options);
  }
}

/** A file's columns are not those of the input. */
export class InputSchemaError extends DaybreakError {
  override readonly name = 'InputSchemaError';

  constructor(
    {
      path,
      reason,
      columns = [],
    }: { readonly path: string; readonly reason: string; readonly columns?: readonly string[] },
    options?: ErrorOptions,
  ) {
    super(
      `the input file ${JSON.stringify(path)} ${reason}${columns.length === 0 ? '' : `: ${quoteNames(columns)}`}`,
      options,
    );
  }
}

/** Something is larger than Daybreak takes. */
export class LimitError extends DaybreakError {
  override readonly name = 'LimitError';

  constructor(
    {
      what,
      found,
      limit,
      advice,
    }: { readonly what: string; readonly found: string; readonly limit: string; readonly advice?: string },
    options?: ErrorOptions,
  ) {
    super(
      `${what}: found ${found}, the limit is ${limit}${advice === undefined ? '' : `; ${advice}`}`,
      options,
    );
  }
}

/** Where a reject is; `line` counts physical lines from 1, `byteOffset` from 0. */
export type RejectPlace = {
  readonly file: string;
  readonly line?: number;
  readonly byteOffset?: number;
  readonly column?: string;
  readonly cause: RejectCause | ModuleRejectCause | InferRejectCause;
};

/** More rows were rejected than `errors.max_rejects` allows. Names the first of them, never its value. */
export class TooManyRejectsError extends DaybreakError {
  override readonly name = 'TooManyRejectsError';

  constructor(
    {
      rejects,
      rows,
      limit,
      first,
    }: {
      /** How many are known; the first alone where the limit is 0. */
      readonly rejects: number;
      /** Rows read, where they were counted. */
      readonly rows?: number;
      /** As the spec writes it: `0`, `25`, `1%`. */
      readonly limit: string;
      readonly first?: RejectPlace;
    },
    options?: ErrorOptions,
  ) {
    const of = rows === undefined ? '' : ` of ${rows}`;
    const rowsWere = rejects === 1 ? 'row was' : 'rows were';
    super(
      `${rejects}${of} input ${rowsWere} rejected, and errors.max_rejects is ${limit}${
        first === undefined ? '' : `; the first: ${renderRejectPlace(first)}`
      }`,
      options,
    );
  }
}

/** Renders `file:line, column "x": cast`, or `file at byte 17` where only that is known. */
export const renderRejectPlace = (place: RejectPlace): string => {
  const byte = place.byteOffset === undefined ? '' : ` at byte ${place.byteOffset}`;
  const line = place.line === undefined ? byte : `:${place.line}`;
  const column = place.column === undefined ? '' : `, column ${JSON.stringify(place.column)}`;
  return `${place.file}${line}${column}: ${place.cause.replaceAll('_', ' ')}`;
};

/** An input file is no longer the one that was pinned when the job was planned. */
export class InputChangedError extends DaybreakError {
  override readonly name = 'InputChangedError';

  /** `change` goes on from "the input file x …". */
  constructor({ path, change }: { readonly path: string; readonly change: string }, options?: ErrorOptions) {
    super(`the input file ${JSON.stringify(path)} ${change}`, options);
  }
}
