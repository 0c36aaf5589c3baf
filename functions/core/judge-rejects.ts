import type { Counts } from '../contract/counts.ts';
import type { RejectLimit } from '../contract/plan.ts';

/** As the spec writes it: `25` rows, or `1%` of the rows read. */
export const renderRejectLimit = (limit: RejectLimit): string =>
  limit.unit === 'rows' ? String(limit.value) : `${Number((limit.value * 100).toFixed(6))}%`;

/** Whether a task may go on: a limit in rows is judged as soon as a task has counted. */
export const isWithinTaskLimit = (limit: RejectLimit, rejected: number): boolean =>
  limit.unit === 'rate' ? limit.value > 0 || rejected === 0 : rejected <= limit.value;

/** Whether a stage may be sealed: a rate is of the rows that the whole stage read. */
export const isWithinStageLimit = (limit: RejectLimit, counts: Pick<Counts, 'read' | 'rejected'>): boolean =>
  limit.unit === 'rows' ? counts.rejected <= limit.value : counts.rejected <= limit.value * counts.read;
