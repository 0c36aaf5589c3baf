import { DaybreakError } from './errors.ts';
import type { CauseCount, RejectPlace } from './reject-summary.ts';

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
  readonly reason: string;

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
    this.reason = reason;
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
  /** Goes on from "the input x …". */
  readonly reason: string;

  constructor({ path, reason }: { readonly path: string; readonly reason: string }, options?: ErrorOptions) {
    super(`the input ${JSON.stringify(path)} ${reason}`, options);
    this.reason = reason;
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

/** What is known of rows that were rejected, when that ends a task or a stage. */
export type RejectFacts = {
  /** How many are known; where the limit is 0 perhaps the first alone. */
  readonly rejects: number;
  /** Rows read, where they were counted. */
  readonly rows?: number;
  /** As the spec writes it: `0`, `25`, `1%`. */
  readonly limit: string;
  readonly first?: RejectPlace;
  readonly causes?: readonly CauseCount[];
  /** The object that keeps rejected rows with their messages, and where that is for people. */
  readonly kept?: { readonly key: string; readonly place: string };
};

/** More rows were rejected than `errors.max_rejects` allows. Names the first of them, never its value. */
export class TooManyRejectsError extends DaybreakError {
  override readonly name = 'TooManyRejectsError';
  readonly facts: RejectFacts;
  override readonly rejectsKey: string | undefined;

  constructor(facts: RejectFacts, options?: ErrorOptions) {
    const { rejects, rows, limit, first, causes, kept } = facts;
    const of = rows === undefined ? '' : ` of ${rows}`;
    const parts = [
      `${rejects}${of} input ${rejects === 1 ? 'row was' : 'rows were'} rejected, and errors.max_rejects is ${limit}`,
      causes === undefined || rejects === 1 ? '' : causes.map(renderCause).join(', '),
      first === undefined ? '' : `the first: ${renderRejectPlace(first)}`,
      kept === undefined ? '' : `${rejects === 1 ? 'it is' : 'they are'} kept in ${kept.place}`,
    ];
    super(parts.filter((part) => part !== '').join('; '), options);
    this.facts = facts;
    this.rejectsKey = kept?.key;
  }
}

const renderWords = (cause: string): string => cause.replaceAll('_', ' ');

/** Renders `12 cast in column "x"`. */
export const renderCause = ({ cause, column, rows }: CauseCount): string =>
  `${rows} ${renderWords(cause)}${column === undefined ? '' : ` in column ${JSON.stringify(column)}`}`;

/** Renders `file:line, column "x": cast`, or `file at byte 17` where only that is known. */
export const renderRejectPlace = (place: RejectPlace): string => {
  const byte = place.byteOffset === undefined ? '' : ` at byte ${place.byteOffset}`;
  const line = place.line === undefined ? byte : `:${place.line}`;
  // A detail about a column names it.
  const named = place.column === undefined ? '' : `column ${JSON.stringify(place.column)}`;
  const column = named === '' || place.detail?.startsWith(named) === true ? '' : `, ${named}`;
  const detail = place.detail === undefined ? '' : ` (${place.detail})`;
  return `${place.file}${line}${column}: ${renderWords(place.cause)}${detail}`;
};

/** An input file is no longer the one that was pinned when the job was planned. */
export class InputChangedError extends DaybreakError {
  override readonly name = 'InputChangedError';

  /** `change` goes on from "the input file x …". */
  constructor({ path, change }: { readonly path: string; readonly change: string }, options?: ErrorOptions) {
    super(`the input file ${JSON.stringify(path)} ${change}`, options);
  }
}
