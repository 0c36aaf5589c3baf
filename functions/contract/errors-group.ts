import { DaybreakError } from './errors.ts';

/** An aggregate needs all rows of its group in one place, and its group is the whole input of many tasks. */
export class GlobalAggregateError extends DaybreakError {
  override readonly name = 'GlobalAggregateError';

  /** `step`: its position in the spec, from 0; `aggregate`: for people, as `count with ORDER BY`. */
  constructor({ step, aggregate }: { readonly step: number; readonly aggregate: string }) {
    super(
      `steps[${step}].group_by has no keys, and ${aggregate} needs all rows of a group in one place: one task would get the rows of all others. Give it keys, or run the job with one task (--map-tasks 1)`,
    );
  }
}
