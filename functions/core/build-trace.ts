import type { Amendment } from '../contract/amendment.ts';
import type { CommitFacts } from '../contract/commit.ts';
import { compareIds, renderTaskId } from '../contract/ids.ts';
import type { Job } from '../contract/job.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import {
  type PackedTaskWeight,
  TRACE_VERSION,
  type TraceEvent,
  type TraceEventOf,
} from '../contract/trace.ts';

/** A commit, and when the store says that it appeared. */
export type ListedCommit = { readonly commit: CommitFacts; readonly committedAt: string };

export type StageFacts = {
  readonly stage: string;
  readonly commits: readonly ListedCommit[];
  readonly amendments: readonly Amendment[];
  readonly sealed: Sealed | undefined;
  /** Bytes of each task of the first list, where the list says so. */
  readonly weights: readonly PackedTaskWeight[] | undefined;
};

export type RunFacts = {
  readonly plan: Plan;
  readonly outcome: Outcome | undefined;
  readonly stages: readonly StageFacts[];
};

/** All runs of a job as events in the order of `at`; of events at one instant a cause stands before its effects. */
export const buildTrace = (job: Job, runs: readonly RunFacts[]): readonly TraceEvent[] => {
  const events: TraceEvent[] = [submitted(job), ...runs.flatMap(eventsOfRun)];
  // Sorting is stable: what came first in its run stays first.
  return events.sort((left, right) => Date.parse(left.at) - Date.parse(right.at));
};

const submitted = (job: Job): TraceEventOf<'submitted'> => ({
  event: 'submitted',
  at: job.submittedAt,
  version: TRACE_VERSION,
  job: job.job,
  name: job.spec.name,
  ...(job.deadlineAt === undefined ? {} : { deadlineAt: job.deadlineAt }),
});

const eventsOfRun = ({ plan, outcome, stages }: RunFacts): readonly TraceEvent[] => {
  const events: TraceEvent[] = [opened(plan)];
  for (const [index, facts] of stages.entries()) {
    const listed = listedTasks(plan, stages, index);
    if (listed === undefined) break;
    const later = (event: TraceEvent): TraceEvent => ({ ...event, at: laterOf(event.at, listed.at) });
    events.push(listed, ...amendedTasks(plan, listed, facts.amendments).map(later));
    events.push(...facts.commits.map((commit) => later(committed(plan, commit))));
    if (facts.sealed !== undefined) events.push(later(sealed(plan, facts.sealed)));
  }
  if (outcome !== undefined) events.push(ended(plan, outcome));
  return events;
};

const opened = (plan: Plan): TraceEventOf<'opened'> => ({
  event: 'opened',
  at: plan.openedAt,
  run: plan.run,
  digest: plan.digest,
  formats: plan.formats,
  stages: plan.stageIds.flatMap((stage, index) => {
    const planned = plan.stages[index];
    if (planned === undefined) return [];
    const { kind, tasks, expected } = planned;
    const inputBytes = planned.inputBytes ?? expected?.inputBytes;
    return [
      {
        stage,
        kind,
        tasks,
        ...(inputBytes === undefined ? {} : { inputBytes }),
        ...(expected === undefined ? {} : { expectedSeconds: expected.seconds }),
      },
    ];
  }),
  ...(plan.adopted === undefined ? {} : { adoptedFrom: plan.adopted.run }),
});

/** The first stage is listed with the plan; another only when the one before it is sealed. */
const listedTasks = (
  plan: Plan,
  stages: readonly StageFacts[],
  index: number,
): TraceEventOf<'listed'> | undefined => {
  const [facts, planned, before] = [stages[index], plan.stages[index], stages[index - 1]?.sealed];
  if (facts === undefined || planned === undefined || (index > 0 && before === undefined)) return undefined;
  const tasks = before?.nextTasks ?? planned.tasks;
  if (tasks === 0) return undefined;
  const at = before === undefined ? plan.openedAt : laterOf(before.sealedAt, plan.openedAt);
  const place = { event: 'listed', at, run: plan.run, stage: facts.stage } as const;
  if (facts.weights !== undefined) return { ...place, basis: 'measured', weights: [...facts.weights] };
  const weights = shareEvenly(before?.totals.sizeBytes ?? planned.inputBytes ?? 0, tasks);
  return { ...place, basis: 'even', weights };
};

/**
 * A run knows nothing before it is open, and of a stage nothing before its list: what was adopted is older, and a
 * store's clock may lag behind a worker's.
 */
const laterOf = (left: string, right: string): string =>
  Date.parse(left) < Date.parse(right) ? right : left;

const shareEvenly = (bytes: number, tasks: number): PackedTaskWeight[] =>
  Array.from({ length: tasks }, (_, task) => [renderTaskId(task), evenShare(bytes, tasks, task)]);

const evenShare = (bytes: number, shares: number, index: number): number =>
  Math.floor((bytes * (index + 1)) / shares) - Math.floor((bytes * index) / shares);

/** Tasks of an amendment have the fields of any task; one without its bytes has an even share of the void ones'. */
const amendedTasks = (
  plan: Plan,
  listed: TraceEventOf<'listed'>,
  amendments: readonly Amendment[],
): readonly TraceEventOf<'amended'>[] => {
  const weightOf = new Map<string, number>(listed.weights);
  return amendments.map((amendment) => {
    const bytes = amendment.void.reduce((sum, task) => sum + (weightOf.get(task) ?? 0), 0);
    const tasks = amendment.tasks.toSorted((left, right) => compareIds(left.task, right.task));
    const weights = tasks.map(({ task, weightBytes }, index): PackedTaskWeight => {
      const share = evenShare(bytes, tasks.length, index);
      return [task, typeof weightBytes === 'number' ? weightBytes : share];
    });
    for (const [task, weight] of weights) weightOf.set(task, weight);
    const { at, stage } = amendment;
    return { event: 'amended', at, run: plan.run, stage, void: amendment.void, weights };
  });
};

const committed = (plan: Plan, { commit, committedAt }: ListedCommit): TraceEventOf<'committed'> => ({
  event: 'committed',
  at: committedAt,
  run: plan.run,
  stage: commit.stage,
  task: commit.task,
  attempt: commit.attempt,
  blockRun: commit.run,
  ...(commit.worker === undefined ? {} : { worker: commit.worker }),
  ...(commit.bytesRead === undefined ? {} : { bytesRead: commit.bytesRead }),
  bytesWritten: commit.block.sizeBytes,
  rowsRead: commit.counts.read,
  rowsWritten: commit.rows,
  rejected: commit.counts.rejected,
  startedAt: commit.startedAt,
  endedAt: commit.endedAt,
});

const sealed = (plan: Plan, seal: Sealed): TraceEventOf<'sealed'> => ({
  event: 'sealed',
  at: seal.sealedAt,
  run: plan.run,
  stage: seal.stage,
  blockRun: seal.run,
  tasks: seal.commits.length,
  missing: seal.missing.length,
  rows: seal.totals.rows,
  sizeBytes: seal.totals.sizeBytes,
});

const ended = (plan: Plan, outcome: Outcome): TraceEventOf<'ended'> => ({
  event: 'ended',
  at: outcome.at,
  run: plan.run,
  outcome: outcome.kind,
  ...(outcome.failure === undefined ? {} : { failure: outcome.failure }),
});
