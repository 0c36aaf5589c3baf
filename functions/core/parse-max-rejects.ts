/** The most rows that may be rejected: a count, judged in the task, or a rate from 0 to 1 of the rows read, judged at seal. */
export type MaxRejects =
  | { readonly kind: 'count'; readonly rows: number }
  | { readonly kind: 'rate'; readonly rate: number };

/** Reads `errors.max_rejects` of a validated spec. */
export const parseMaxRejects = (maxRejects: number | string): MaxRejects =>
  typeof maxRejects === 'number'
    ? { kind: 'count', rows: maxRejects }
    : { kind: 'rate', rate: Number.parseFloat(maxRejects) / 100 };
