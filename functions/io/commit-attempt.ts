/**
 * A task may be attempted any number of times, by anyone, at the same time, on any machine. One attempt's answer
 * is chosen, and everyone downstream reads that one.
 */
import { Commit, type CommitFacts, type PackedPartition } from '../contract/commit.ts';
import { StateError } from '../contract/errors-store.ts';
import type { StageIds, TaskIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import type { Sealed } from '../contract/sealed.ts';
import { mapBounded } from './map-bounded.ts';
import type { ObjectStore } from './object-store.ts';
import { type Chosen, putOnce, readState } from './put-once.ts';
import { readSealed } from './seal-stage.ts';

/** Reads a small object each; more at once gain nothing on files, and stay below what one client opens to S3. */
const MAX_READS = 16;

/**
 * Puts the commit under its task, where none stands. `run` is where the commit is to count; it differs from the
 * commit's own run when an earlier run's commit is adopted. The block is in the store before this is called.
 */
export const commitAttempt = async (
  store: ObjectStore,
  commit: Commit,
  run: string = commit.run,
): Promise<Chosen<Commit>> => {
  const key = KEYS.commit.render({ ...idsOf(commit), run });
  const { chosen } = await putOnce(store, { key, schema: Commit }, commit);
  requirePlace(key, chosen, commit);
  // The attempt decides, not the bytes: an attempt may be committed again with another time in it.
  return { chosen, isMine: chosen.attempt === commit.attempt && chosen.run === commit.run };
};

/** The commit that counts for a task, if it has one. */
export const readCommit = async (store: ObjectStore, ids: TaskIds): Promise<Commit | undefined> => {
  const key = KEYS.commit.render(idsOf(ids));
  const commit = await readState(store, { key, schema: Commit });
  if (commit === undefined) return undefined;
  requirePlace(key, commit, ids);
  return { ...commit, partitions: tightenPartitions(commit.partitions) };
};

/**
 * The same partitions without the room to grow that arrays of a parser have: of the four million that a plan allows,
 * that is most of the memory.
 */
export const tightenPartitions = (partitions: readonly PackedPartition[]): PackedPartition[] =>
  partitions.map(([offset, sizeBytes, crc32, rows]) => [offset, sizeBytes, crc32, rows]);

/** All commits of a stage in task order, those of void tasks too: see core/reconcile-commits. */
export const listCommits = (store: ObjectStore, stage: StageIds): Promise<readonly Commit[]> =>
  mapCommits(store, stage, (commit) => commit);

/** The same without their partitions, of which no more than a few commits' are in memory at once. */
export const listCommitFacts = (store: ObjectStore, stage: StageIds): Promise<readonly CommitFacts[]> =>
  mapCommits(store, stage, withoutPartitions);

const withoutPartitions = ({ partitions: _, ...facts }: Commit): CommitFacts => facts;

const mapCommits = async <Kept>(
  store: ObjectStore,
  stage: StageIds,
  keep: (commit: Commit) => Kept,
): Promise<readonly Kept[]> => {
  const tasks = await listCommitted(store, stage);
  const kept = await mapBounded(tasks, MAX_READS, async (task) => {
    const commit = await readCommit(store, { ...stage, task });
    return commit === undefined ? [] : [keep(commit)];
  });
  return kept.flat();
};

/** How many tasks of a stage have a commit, by the names alone: a request for a thousand of them. */
export const countCommits = async (store: ObjectStore, stage: StageIds): Promise<number> =>
  (await listCommitted(store, stage)).length;

const listCommitted = async (
  store: ObjectStore,
  { job, run, stage }: StageIds,
): Promise<readonly string[]> => {
  const tasks: string[] = [];
  for await (const { key } of store.list(KEYS.commit.prefix({ job, run, stage }))) {
    const ids = KEYS.commit.parse(key);
    if (ids === undefined) throw new StateError({ key, problem: 'it stands among the commits and is none' });
    tasks.push(ids.task);
  }
  return tasks.sort();
};

/**
 * The commits that a seal counted, in task order. They stand under the run that sealed, which for an adopted seal
 * is an earlier one. Fails with StateError where one is gone or is not the counted one.
 */
export const listSealedCommits = (store: ObjectStore, sealed: Sealed): Promise<readonly Commit[]> =>
  mapSealedCommits(store, sealed, (commit) => commit);

/** The same without their partitions; see {@link listCommitFacts}. */
export const listSealedFacts = (store: ObjectStore, sealed: Sealed): Promise<readonly CommitFacts[]> =>
  mapSealedCommits(store, sealed, withoutPartitions);

const mapSealedCommits = <Kept>(
  store: ObjectStore,
  sealed: Sealed,
  keep: (commit: Commit) => Kept,
): Promise<readonly Kept[]> => {
  const { job, run, stage } = sealed;
  return mapBounded(sealed.commits, MAX_READS, async ([task, counted, attempt]) => {
    const commit = await readCommit(store, { job, run, stage, task });
    if (commit?.run === counted && commit.attempt === attempt) return keep(commit);
    const found =
      commit === undefined ? 'no commit' : `that of attempt ${commit.attempt} of run ${commit.run}`;
    throw new StateError({
      key: KEYS.commit.render({ job, run, stage, task }),
      problem: `the seal counted the commit of attempt ${attempt} of run ${counted}, found ${found}`,
    });
  });
};

/**
 * Whether the task needs no more work: it has a commit, or its stage is sealed. Asked by an attempt before it
 * fails for good or halts anyone, for a late duplicate may find its input gone.
 */
export const isTaskDone = async (store: ObjectStore, ids: TaskIds): Promise<boolean> =>
  (await readCommit(store, ids)) !== undefined || (await readSealed(store, ids)) !== undefined;

const idsOf = ({ job, run, stage, task }: TaskIds): TaskIds => ({ job, run, stage, task });

/** A commit says itself of which task it is; one under another task's name would give that task wrong rows. */
const requirePlace = (key: string, commit: Commit, ids: TaskIds): void => {
  if (commit.job === ids.job && commit.stage === ids.stage && commit.task === ids.task) return;
  throw new StateError({
    key,
    problem: `it holds the commit of task ${commit.task} of stage ${commit.stage} of job ${commit.job}`,
  });
};
