import type { RejectLimit } from '../contract/plan-header.ts';

/** Reads `errors.max_rejects` of a validated spec: a count, or a rate from 0 to 1. */
export const parseMaxRejects = (maxRejects: number | string): RejectLimit =>
  typeof maxRejects === 'number'
    ? { unit: 'rows', value: maxRejects }
    : { unit: 'rate', value: Number.parseFloat(maxRejects) / 100 };
