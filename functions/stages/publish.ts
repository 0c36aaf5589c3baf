import type { Commit, WrittenObject } from '../contract/commit.ts';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import {
  BlockCorruptError,
  BlockMissingError,
  ConservationError,
  JobCancelledError,
  StateError,
  StoreError,
} from '../contract/errors-store.ts';
import type { Job } from '../contract/job.ts';
import { KEYS, OUTPUT_KEYS, renderBlockKey } from '../contract/keys.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import { addCounts, judgeConservation, judgeHandover } from '../core/judge-conservation.ts';
import { isWithinLimit, renderRejectLimit, sumRejects } from '../core/judge-rejects.ts';
import { readCommit } from '../io/commit-attempt.ts';
import { mapBounded } from '../io/map-bounded.ts';
import type { ObjectStore, ObjectSums } from '../io/object-store.ts';
import type { Output } from '../io/output.ts';
import { putOutcome } from '../io/put-outcome.ts';
import { readSealed } from '../io/seal-stage.ts';
import { openOutput } from './open-output.ts';
import { hasJobPublished } from './read-job-state.ts';
import type { StageContext } from './stage-context.ts';

/** Reads a small object each; see commit-attempt. */
const MAX_READS = 16;

/** Blocks whose bytes are read at once on files: more only compete for one disk. On S3 a block is one small request. */
const MAX_CHECKS = { files: 4, s3: 32 };

export type JobToPublish = {
  readonly job: Job;
  readonly plan: Plan;
  /**
   * Asked before each copy; false where the time is up. Without it a publish is never cut short. For an output on S3,
   * which tells what is there already; on files each call would begin anew.
   */
  readonly mayGoOn?: (() => boolean) | undefined;
};

/** `more`: the time was up; `copied` parts are there, and the next call goes on with the others. */
export type PublishResult =
  | { readonly kind: 'published'; readonly manifest: Manifest }
  | { readonly kind: 'more'; readonly copied: number };

/**
 * Publishes the last stage: checks that all rows add up and every block is there, puts the outcome, gives the
 * blocks their names in the output, and writes the manifest last. Can be killed anywhere and run again.
 *
 * Fails with JobCancelledError where the run was cancelled first, with ConservationError, BlockMissingError,
 * BlockCorruptError, OutputExistsError, OutputClaimedError.
 */
export const publish = async (
  context: StageContext,
  { job, plan, mayGoOn = () => true }: JobToPublish,
): Promise<PublishResult> => {
  const { store } = context;
  const output = await openOutput(context, job, plan.run);
  const seals = await readSeals(store, plan);
  const last = seals.at(-1);
  if (last === undefined) throw new Error('a plan has at least one stage');
  const counts = requireConservation(seals);
  requireWithinLimit(plan, seals);
  const commits = await mapBounded(last.commits, MAX_READS, (packed) => readCounted(store, last, packed));
  const isPublished = await output.isPublished();
  // Another job has put its output in the place of this one's: what this runner came late for is long done.
  const isReplaced = !isPublished && (await hasJobPublished(store, plan.job));
  const isMissing = !isPublished && !isReplaced;
  const rejecting = await readRejecting(store, seals);
  const objects = [...commits.map(blockOf), ...rejecting.flatMap(rejectsOf)];
  // After the outcome nothing can be done again: what is lost is found before.
  if (isMissing) await mapBounded(objects, checksAtOnce(store), (object) => requireBytes(store, object));
  const { chosen } = await putOutcome(store, {
    job: plan.job,
    run: plan.run,
    kind: 'published',
    at: context.now().toISOString(),
  });
  requirePublished(chosen);
  const manifest = renderManifest({ job, plan, commits, rejecting, counts, createdAt: chosen.at });
  if (isMissing) {
    const copied = await addObjects(store, output, { objects, mayGoOn });
    if (copied < objects.length) return { kind: 'more', copied };
  }
  if (!isReplaced) await output.finish(manifest, job.spec.output.mode);
  return { kind: 'published', manifest };
};

const checksAtOnce = (store: ObjectStore): number =>
  store.localPath('b') === undefined ? MAX_CHECKS.s3 : MAX_CHECKS.files;

const readSeals = (store: ObjectStore, plan: Plan): Promise<readonly Sealed[]> =>
  mapBounded(plan.stageIds, MAX_READS, async (stage) => {
    const ids = { job: plan.job, run: plan.run, stage };
    const sealed = await readSealed(store, ids);
    if (sealed === undefined)
      throw new StateError({ key: KEYS.sealed.render(ids), problem: 'it is not there' });
    return sealed;
  });

/** The counts of the whole job: what the first stage read, what the last one wrote, all that left between. */
const requireConservation = (seals: readonly Sealed[]): Manifest['counts'] => {
  const stages = seals.map((sealed) => sealed.totals.counts);
  stages.forEach((counts, index) => {
    const before = stages[index - 1];
    if (before === undefined) return;
    const { isConserved, sentence } = judgeHandover(before, counts);
    if (!isConserved) throw new ConservationError({ where: `stages ${index - 1} and ${index}`, sentence });
  });
  const counts = {
    ...addCounts(stages),
    read: stages[0]?.read ?? 0,
    written: stages.at(-1)?.written ?? 0,
  };
  const { isConserved, sentence } = judgeConservation(counts);
  if (!isConserved) throw new ConservationError({ where: 'the job', sentence });
  return counts;
};

/** Each seal has judged the stages up to its own: this is the same question once more, over the whole job. */
const requireWithinLimit = ({ rejectLimit }: Plan, seals: readonly Sealed[]): void => {
  const counts = sumRejects(seals.map(({ totals }) => totals.counts));
  if (isWithinLimit(rejectLimit, counts)) return;
  const { read: rows, rejected: rejects } = counts;
  throw new TooManyRejectsError({ rejects, rows, limit: renderRejectLimit(rejectLimit) });
};

const readCounted = async (
  store: ObjectStore,
  { job, stage }: Sealed,
  [task, run, attempt]: Sealed['commits'][number],
): Promise<Commit> => {
  const ids = { job, run, stage, task };
  const commit = await readCommit(store, ids);
  if (commit?.attempt === attempt) return commit;
  throw new StateError({
    key: KEYS.commit.render(ids),
    problem: commit === undefined ? 'it is gone' : `it names attempt ${commit.attempt}, the seal ${attempt}`,
  });
};

/** Fails with JobCancelledError or StateError where the run has ended otherwise. */
export const requirePublished = (outcome: Outcome): void => {
  if (outcome.kind === 'published' || outcome.kind === 'partial') return;
  if (outcome.kind === 'cancelled') throw new JobCancelledError({ job: outcome.job, run: outcome.run });
  throw new StateError({
    key: KEYS.outcome.render(outcome),
    problem: `the run has ended as ${outcome.kind}, nothing is published`,
  });
};

const readRejecting = async (store: ObjectStore, seals: readonly Sealed[]): Promise<readonly Commit[]> => {
  const commits = await mapBounded(
    seals.filter((sealed) => sealed.totals.counts.rejected > 0),
    1,
    (sealed) => mapBounded(sealed.commits, MAX_READS, (packed) => readCounted(store, sealed, packed)),
  );
  return commits.flat().filter((commit) => commit.rejects !== undefined);
};

/** An object that a commit names, and its name in the output. */
type Named = {
  readonly task: string;
  readonly key: string;
  readonly name: string;
  readonly object: WrittenObject;
};

const blockOf = (commit: Commit): Named => ({
  task: commit.task,
  key: renderBlockKey({ ...commit, format: commit.block.format }),
  name: OUTPUT_KEYS.part.render({ ...commit, format: commit.block.format }),
  object: commit.block,
});

const rejectsOf = (commit: Commit): readonly Named[] => {
  if (commit.rejects === undefined) return [];
  const { rows: _, ...object } = commit.rejects;
  const ids = { ...commit, format: object.format };
  return [
    { task: commit.task, key: KEYS.rejects.render(ids), name: OUTPUT_KEYS.rejects.render(ids), object },
  ];
};

/**
 * The object is there, with the bytes that its commit names. One with other bytes goes: the next run adopts by the
 * length alone.
 */
const requireBytes = async (store: ObjectStore, { key, task, object }: Named): Promise<void> => {
  const found = await readSums(store, key);
  if (found === undefined) throw new BlockMissingError({ key, task });
  const isSame = found.sha256 === undefined || found.sha256 === object.sha256;
  if (found.sizeBytes === object.sizeBytes && isSame) return;
  await store.delete(key);
  throw new BlockCorruptError({ key, found: renderSums(found), expected: renderSums(object) });
};

const renderSums = ({ sizeBytes, sha256 }: ObjectSums): string =>
  sha256 === undefined ? `${sizeBytes} bytes` : `${sizeBytes} bytes of SHA-256 ${sha256}`;

const readSums = async (store: ObjectStore, key: string): Promise<ObjectSums | undefined> => {
  try {
    return await store.sums(key);
  } catch (error) {
    // Another runner has published it and swept up.
    if ((await store.head(key)) === undefined) return undefined;
    throw error;
  }
};

/** Returns how many are there. Of those that are not each call adds one at least, however short its time. */
const addObjects = async (
  store: ObjectStore,
  output: Output,
  { objects, mayGoOn }: { readonly objects: readonly Named[]; readonly mayGoOn: () => boolean },
): Promise<number> => {
  const left: Named[] = [];
  let there = 0;
  let added = 0;
  const add = async (object: Named): Promise<void> => {
    if ((await addObject(store, output, object)) === 'added') added += 1;
    else there += 1;
  };
  await mapBounded(objects, output.copiesAtOnce, async (object) => {
    if (left.length === 0 && mayGoOn()) await add(object);
    else left.push(object);
  });
  for (const object of left) {
    if (added > 0) break;
    await add(object);
  }
  return there + added;
};

/** Whether the block is there is asked when it could not be added: most are. */
const addObject = async (store: ObjectStore, output: Output, named: Named): Promise<'added' | 'there'> => {
  const { key, task, name, object } = named;
  const { sizeBytes, sha256 } = object;
  try {
    return await output.addPart(name, { store, key, sizeBytes, sha256 });
  } catch (error) {
    if (!(error instanceof StoreError) || (await store.head(key)) !== undefined) throw error;
    throw new BlockMissingError({ key, task }, { cause: error });
  }
};

const renderManifest = (facts: {
  readonly job: Job;
  readonly plan: Plan;
  readonly commits: readonly Commit[];
  readonly rejecting: readonly Commit[];
  readonly counts: Manifest['counts'];
  readonly createdAt: string;
}): Manifest => ({
  job: facts.plan.job,
  submittedAt: facts.job.submittedAt,
  run: facts.plan.run,
  outcome: 'published',
  specDigest: facts.job.specDigest,
  format: facts.plan.output.format,
  columns: facts.plan.output.columns,
  rows: facts.commits.reduce((rows, commit) => rows + commit.rows, 0),
  parts: facts.commits.map((commit) => listed(blockOf(commit), commit.rows)),
  rejects: facts.rejecting.flatMap((commit) =>
    rejectsOf(commit).map((object) => listed(object, commit.rejects?.rows ?? 0)),
  ),
  missing: [],
  counts: facts.counts,
  createdAt: facts.createdAt,
});

const listed = ({ name, object }: Named, rows: number): Manifest['parts'][number] => ({
  name,
  rows,
  sizeBytes: object.sizeBytes,
  sha256: object.sha256,
});
