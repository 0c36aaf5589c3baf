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

/** Whether a stage may be sealed: a rate is of the rows that the whole stage read, and 29 of 100 are within 29%. */
export const isWithinStageLimit = (
  limit: RejectLimit,
  { read, rejected }: Pick<Counts, 'read' | 'rejected'>,
): boolean =>
  limit.unit === 'rows'
    ? rejected <= limit.value
    : BigInt(rejected) * BigInt(RATE_UNITS) <= BigInt(Math.round(limit.value * RATE_UNITS)) * BigInt(read);
