import { MODULE_REJECT_CAUSES } from '../contract/module-step.ts';
import { INFER_REJECT_CAUSES, ROW_REJECT_CAUSES } from '../contract/planned-infer.ts';
import {
  type CauseCount,
  MOST_CAUSES,
  type RejectPlace,
  type RejectSummary,
} from '../contract/reject-summary.ts';

/** Rejects as they are counted: the first one, and rows by cause and column. */
export type RejectTally = { first: RejectPlace | undefined; readonly rows: Map<string, CauseCount> };

export const newRejectTally = (): RejectTally => ({ first: undefined, rows: new Map() });

/** Counts rows of one cause; `place` is that of the first of them. */
export const tallyRejects = (tally: RejectTally, place: RejectPlace, rows = 1): void => {
  tally.first ??= place;
  addCause(tally, {
    cause: place.cause,
    rows,
    ...(place.column === undefined ? {} : { column: place.column }),
  });
};

const addCause = ({ rows }: RejectTally, count: CauseCount): void => {
  const key = JSON.stringify([count.cause, count.column]);
  rows.set(key, { ...count, rows: count.rows + (rows.get(key)?.rows ?? 0) });
};

/** Undefined where nothing was rejected. */
export const summarizeRejects = ({ first, rows }: RejectTally): RejectSummary | undefined => {
  if (first === undefined) return undefined;
  const causes = [...rows.values()].sort((left, right) => right.rows - left.rows);
  const ofModules = causes.reduce((sum, each) => sum + (OF_MODULES.has(each.cause) ? each.rows : 0), 0);
  return { first, causes: causes.slice(0, MOST_CAUSES), ofModules };
};

const OF_THE_ROW: ReadonlySet<string> = new Set(ROW_REJECT_CAUSES);

const OF_MODULES: ReadonlySet<string> = new Set([
  ...MODULE_REJECT_CAUSES,
  ...INFER_REJECT_CAUSES.filter((cause) => !OF_THE_ROW.has(cause)),
]);

/** Several as one, the first of which comes first; undefined of none. */
export const mergeRejectSummaries = (
  summaries: readonly (RejectSummary | undefined)[],
): RejectSummary | undefined => {
  const found = summaries.filter((summary) => summary !== undefined);
  const tally = newRejectTally();
  for (const { first, causes } of found) {
    tally.first ??= first;
    for (const count of causes) addCause(tally, count);
  }
  const merged = summarizeRejects(tally);
  // Of what a summary left out its causes know nothing.
  const ofModules = found.reduce((sum, each) => sum + each.ofModules, 0);
  return merged === undefined ? undefined : { ...merged, ofModules };
};
