import * as z from 'zod';
import { STAGE_KINDS, type StageKind } from './stages.ts';

/**
 * The ids that keys are made of. An id is valid or refused; nothing here repairs one.
 * No id can hold `/`, a leading dot or an upper-case letter, so that a key is one path on every file system
 * and the same path on those that ignore case.
 */
export const ID_PATTERNS = {
  /** 1 to 63 of `a-z 0-9 -`, no hyphen at either end: fits an execution name `{job}-{run}-{go}` of 80. */
  job: '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?',
  /** `0001` to `9999`. */
  run: '(?!0000)[0-9]{4}',
  /** `{nn}-{kind}`, nn from 00. */
  stage: `[0-9]{2}-(?:${STAGE_KINDS.join('|')})`,
  /** Six digits; a replacement adds `.{iii}`. At most 8 amendments, so at most 8 levels. */
  task: '[0-9]{6}(?:\\.[0-9]{3}){0,8}',
  /** 96 random bits, drawn afresh by each execution. */
  attempt: '[0-9a-f]{24}',
  /** SHA-256 in hex. */
  digest: '[0-9a-f]{64}',
  hash: '[0-9a-f]{64}',
  worker: '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?',
  template: '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?',
  /** Number of an amendment: at most 8. */
  k: '[0-7]',
  slot: '(?:0|[1-9][0-9]{0,3})',
  /** The instant without punctuation, milliseconds included, or `9999` for none; see `renderDeadlineId`. */
  deadline: '(?:9999|[0-9]{8}T[0-9]{9}Z)',
  shard: '[0-3][0-9a-f]',
  /** A UUID as `States.UUID()` draws it, of a note that the state machine leaves. */
  note: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  format: '(?:arrow|parquet|jsonl|csv)',
} as const;

export type IdField = keyof typeof ID_PATTERNS;

const anchored = (field: IdField): RegExp => new RegExp(`^${ID_PATTERNS[field]}$`, 'u');

const EXPRESSIONS = Object.fromEntries(
  (Object.keys(ID_PATTERNS) as IdField[]).map((field) => [field, anchored(field)]),
) as Readonly<Record<IdField, RegExp>>;

/** Whether `text` is a valid id of that kind. */
export const isId = (field: IdField, text: string): boolean => EXPRESSIONS[field].test(text);

export const JobId = z.string().regex(EXPRESSIONS.job).meta({ id: 'JobId' });
export const RunId = z.string().regex(EXPRESSIONS.run).meta({ id: 'RunId' });
export const StageId = z.string().regex(EXPRESSIONS.stage).meta({ id: 'StageId' });
export const TaskId = z.string().regex(EXPRESSIONS.task).meta({ id: 'TaskId' });
export const AttemptId = z.string().regex(EXPRESSIONS.attempt).meta({ id: 'AttemptId' });
export const Sha256 = z.string().regex(EXPRESSIONS.digest).meta({ id: 'Sha256' });
/** What a block or a part is written in; the extension of its key. `arrow` is an IPC stream per partition. */
export const BlockFormat = z.enum(['arrow', 'parquet', 'jsonl', 'csv']).meta({ id: 'BlockFormat' });
export type BlockFormat = z.infer<typeof BlockFormat>;

export type RunIds = { readonly job: string; readonly run: string };
export type StageIds = RunIds & { readonly stage: string };
export type TaskIds = StageIds & { readonly task: string };
export type AttemptIds = TaskIds & { readonly attempt: string };

/** Number of a run from 1 to 9999, as its id. */
export const renderRunId = (number: number): string => requireId('run', padded(number, 4));
/** The run that a job begins with; before it is open, its `halt.json` may be there. */
export const FIRST_RUN = '0001';
export const parseRunId = (run: string): number => Number(requireId('run', run));
/** The run that a resume opens behind this one. */
export const nextRunId = (run: string): string => renderRunId(parseRunId(run) + 1);

/** Folder of a stage: index from 0 to 99 and kind. */
export const renderStageId = (stage: { readonly index: number; readonly kind: StageKind }): string =>
  requireId('stage', `${padded(stage.index, 2)}-${stage.kind}`);

export const parseStageId = (stage: string): { readonly index: number; readonly kind: StageKind } => {
  const [index, kind] = [requireId('stage', stage).slice(0, 2), stage.slice(3)];
  // The pattern has just proved that what follows the hyphen is a stage kind.
  return { index: Number(index), kind: kind as StageKind };
};

/** Task id from its position in the stage's first list, 0 to 999,999. */
export const renderTaskId = (index: number): string => requireId('task', padded(index, 6));

/** Id of the i-th task in the place of an amended one; in bytewise order it stands where the old one stood. */
export const renderReplacementTaskId = (old: string, index: number): string =>
  requireId('task', `${requireId('task', old)}.${padded(index, 3)}`);

/** The task that this one replaces; undefined for a task of the first list. */
export const parentTaskId = (task: string): string | undefined =>
  requireId('task', task).length === 6 ? undefined : task.slice(0, -4);

/** Bytewise order of ids, which is the order in which blocks are concatenated. Ids are ASCII. */
export const compareIds = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** An instant as `Date.prototype.toISOString` writes it, years 0000 to 9998, or undefined for no deadline. */
export const renderDeadlineId = (deadlineAt: string | undefined): string => {
  if (deadlineAt === undefined) return '9999';
  const time = new Date(deadlineAt);
  if (Number.isNaN(time.getTime()) || time.toISOString() !== deadlineAt || !/^\d{4}-/u.test(deadlineAt)) {
    throw new Error(`"${deadlineAt}" is not an instant in the form 2026-01-31T00:00:00.000Z`);
  }
  if (deadlineAt.startsWith('9999'))
    throw new Error(`the deadline ${deadlineAt} is in the year 9999, which stands for none`);
  return requireId('deadline', deadlineAt.replaceAll(/[-:.]/gu, ''));
};

export const parseDeadlineId = (deadline: string): string | undefined => {
  requireId('deadline', deadline);
  if (deadline === '9999') return undefined;
  const [, year, month, day, hour, minute, second, milli] =
    /^(....)(..)(..)T(..)(..)(..)(...)Z$/u.exec(deadline) ?? [];
  const deadlineAt = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`;
  // Digits alone prove no calendar date.
  renderDeadlineId(deadlineAt);
  return deadlineAt;
};

/** Returns the id, or throws: a bad id that comes this far is a mistake of ours, for edges check with `isId`. */
export const requireId = (field: IdField, text: string): string => {
  if (isId(field, text)) return text;
  throw new Error(`${JSON.stringify(text)} is not a valid ${field} id: expected ${ID_PATTERNS[field]}`);
};

const padded = (number: number, digits: number): string => {
  if (Number.isSafeInteger(number) && number >= 0) return String(number).padStart(digits, '0');
  throw new Error(`${number} is not a number that an id can hold`);
};
