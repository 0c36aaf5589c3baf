import type { Counts } from '../contract/counts.ts';
import type { RejectLimit } from '../contract/plan-header.ts';

/** As the spec writes it: `25` rows, or `1%` of the rows read. */
export const renderRejectLimit = (limit: RejectLimit): string =>
  limit.unit === 'rows' ? String(limit.value) : `${Number((limit.value * 100).toFixed(6))}%`;

/** Whether a task may go on: a limit in rows is judged as soon as a task has counted. */
export const isWithinTaskLimit = (limit: RejectLimit, rejected: number): boolean =>
  limit.unit === 'rate' ? limit.value > 0 || rejected === 0 : rejected <= limit.value;

/** A rate is given to a millionth of a percent: in these units it is a whole number. */
const RATE_UNITS = 1e8;

/** Rows that a job read and rejected, over all stages up to one. */
export type JobRejects = Pick<Counts, 'read' | 'rejected'>;

/**
 * What a job has read and rejected, of the counts of its stages in order: rows are read once, by the first stage, and
 * rejected anywhere. So the limit means the same whatever the number of stages and tasks; rows that the bounds of a
 * row group have ruled out count as read, for a plan of one task leaves that to the engine.
 */
export const sumRejects = (stages: readonly Counts[]): JobRejects => ({
  read: (stages[0]?.read ?? 0) + (stages[0]?.pruned ?? 0),
  rejected: stages.reduce((rows, { rejected }) => rows + rejected, 0),
});

/** Whether a job may go on, or be published: a rate is of the rows that it read, and 29 of 100 are within 29%. */
export const isWithinLimit = (limit: RejectLimit, { read, rejected }: JobRejects): boolean =>
  limit.unit === 'rows'
    ? rejected <= limit.value
    : BigInt(rejected) * BigInt(RATE_UNITS) <= BigInt(Math.round(limit.value * RATE_UNITS)) * BigInt(read);
