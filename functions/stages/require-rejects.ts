import type { Commit, CommitFacts } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import { isWithinLimit, renderRejectLimit, sumRejects } from '../core/judge-rejects.ts';
import { mergeRejectSummaries } from '../core/summarize-rejects.ts';
import { listSealedFacts } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readSealed } from '../io/seal-stage.ts';

type Judged = {
  readonly index: number;
  readonly counts: Counts;
  /** The commits of the stage that count. */
  readonly done: readonly Commit[];
};

/**
 * The rows that the job has rejected so far, the stage in question included, are within its limit. Fails with
 * TooManyRejectsError, which names the first file with rejected rows: those of other tasks lie beside it.
 */
export const requireRejects = async (
  store: ObjectStore,
  plan: Plan,
  { index, counts, done }: Judged,
): Promise<void> => {
  const { job, run, stageIds, rejectLimit } = plan;
  const before: Sealed[] = [];
  for (const stage of stageIds.slice(0, index)) {
    const sealed = await readSealed(store, { job, run, stage });
    if (sealed !== undefined) before.push(sealed);
  }
  const { read: rows, rejected: rejects } = sumRejects([
    ...before.map(({ totals }) => totals.counts),
    counts,
  ]);
  if (isWithinLimit(rejectLimit, { read: rows, rejected: rejects })) return;
  const commits: CommitFacts[] = [];
  for (const sealed of before) {
    if (sealed.totals.counts.rejected > 0) commits.push(...(await listSealedFacts(store, sealed)));
  }
  commits.push(...done);
  const key = commits.flatMap(keyOfRejects)[0];
  throw new TooManyRejectsError({
    rejects,
    rows,
    limit: renderRejectLimit(rejectLimit),
    ...mergeRejectSummaries(commits.map((commit) => commit.rejects?.summary)),
    ...(key === undefined ? {} : { kept: { key, place: store.localPath(key) ?? key } }),
  });
};

const keyOfRejects = (commit: CommitFacts): readonly string[] =>
  commit.rejects === undefined ? [] : [KEYS.rejects.render({ ...commit, format: commit.rejects.format })];
