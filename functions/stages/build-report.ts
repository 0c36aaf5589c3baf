import type { CommitFacts } from '../contract/commit.ts';
import { FIRST_RUN } from '../contract/ids.ts';
import type { Job } from '../contract/job.ts';
import { KEYS } from '../contract/keys.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { Failure } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { Report, type StageReport } from '../contract/report.ts';
import type { OutcomeKind } from '../contract/stages.ts';
import { addCounts } from '../core/judge-conservation.ts';
import { wordOfStep } from '../core/name-step.ts';
import { stageSeconds } from '../core/stage-seconds.ts';
import { sumInfer } from '../core/sum-infer.ts';
import { mergeRejectSummaries } from '../core/summarize-rejects.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { readSealed } from '../io/seal-stage.ts';
import { listCountedFacts } from './list-counted-commits.ts';
import type { StageContext } from './stage-context.ts';

type Ending = {
  readonly job: Job;
  /** Undefined where the job was refused before a run was open. */
  readonly plan?: Plan;
  readonly outcome: OutcomeKind;
  readonly manifest?: Manifest;
  readonly failure?: Pick<Failure, 'name' | 'message' | 'rejects'>;
};

/** Puts together how a run ended, from what stands in the store. */
export const buildReport = async (
  context: Pick<StageContext, 'store' | 'now'>,
  ending: Ending,
): Promise<Report> => {
  const { job, plan, manifest } = ending;
  const stages = plan === undefined ? [] : await reportStages(context.store, job, plan);
  const finishedAt = context.now().toISOString();
  return Report.parse({
    job: job.job,
    run: plan?.run ?? FIRST_RUN,
    name: job.spec.name,
    outcome: ending.outcome,
    submittedAt: job.submittedAt,
    finishedAt,
    // Who submitted and who ends may be two machines, whose clocks differ.
    seconds: Math.max(0, Date.parse(finishedAt) - Date.parse(beginOf(job, plan))) / 1000,
    deadlineAt: job.deadlineAt,
    rows: {
      read: stages[0]?.counts.read ?? 0,
      written: manifest?.rows ?? 0,
      rejected: stages.reduce((rows, stage) => rows + stage.counts.rejected, 0),
    },
    stages,
    output: {
      uri: job.spec.output.uri,
      format: job.spec.output.format,
      parts: manifest?.parts.length ?? 0,
      sizeBytes: (manifest?.parts ?? []).reduce((bytes, part) => bytes + part.sizeBytes, 0),
      columns: plan?.output.columns ?? [],
    },
    failure: reportFailure(ending.failure),
  });
};

/** The first run began with the submission, planning and all; a later one with the resume that opened it. */
const beginOf = ({ submittedAt }: Job, plan: Plan | undefined): string =>
  plan === undefined || plan.run === FIRST_RUN ? submittedAt : plan.openedAt;

/** Stage and task stand in the sentence. */
const reportFailure = (failure: Ending['failure']): Report['failure'] => {
  if (failure === undefined) return undefined;
  const { name, message, rejects } = failure;
  return { name, message, ...(rejects === undefined ? {} : { rejects }) };
};

export const putReport = (store: ObjectStore, report: Report): Promise<void> =>
  store.put(KEYS.report.render(report), new TextEncoder().encode(`${JSON.stringify(report)}\n`));

const reportStages = async (store: ObjectStore, job: Job, plan: Plan): Promise<readonly StageReport[]> => {
  const reports: StageReport[] = [];
  for (const [index, stage] of plan.stageIds.entries()) {
    const planned = plan.stages[index];
    const sealed = await readSealed(store, { job: plan.job, run: plan.run, stage });
    const commits = await listCountedFacts(store, plan, index);
    if (planned === undefined || commits.length === 0) continue;
    const infer = sumInfer(commits);
    const rejects = mergeRejectSummaries(commits.map((commit) => commit.rejects?.summary));
    reports.push({
      stage,
      kind: planned.kind,
      tasks: commits.length,
      seconds: stageSeconds(commits),
      counts: sealed?.totals.counts ?? addCounts(commits.map(({ counts }) => counts)),
      steps: addSteps(planned, commits, job),
      bytesRead: planned.inputBytes ?? sumBytesRead(commits),
      bytesWritten: commits.reduce((bytes, { block }) => bytes + block.sizeBytes, 0),
      ...(infer === undefined ? {} : { infer }),
      ...(rejects === undefined ? {} : { rejects: [...rejects.causes] }),
    });
  }
  return reports;
};

/** Of blocks: a task reads its partitions and nothing else. */
const sumBytesRead = (commits: readonly CommitFacts[]): number =>
  commits.reduce((bytes, { bytesRead = 0 }) => bytes + bytesRead, 0);

/** A step that moves rows has a half in the stage before it and one in the stage behind it; a model's stage is one step. */
const stepsOf = ({ kind, opening, steps, shuffle }: Plan['stages'][number]): readonly PlannedStep[] => [
  ...(opening === undefined ? [] : [opening]),
  ...steps,
  ...(shuffle === undefined || kind === 'infer' ? [] : [shuffle.step]),
];

const addSteps = (
  stage: Plan['stages'][number],
  commits: readonly CommitFacts[],
  { spec }: Job,
): StageReport['steps'] =>
  stepsOf(stage).map(({ step, kind }) => {
    const sum = { dropped: 0, grown: 0, folded: 0, cut: 0, rejected: 0 };
    for (const counts of commits.flatMap((commit) => commit.steps ?? [])) {
      if (counts.step !== step) continue;
      sum.dropped += counts.dropped;
      sum.grown += counts.grown;
      sum.folded += counts.folded;
      sum.cut += counts.cut;
      sum.rejected += counts.rejected ?? 0;
    }
    if (stage.kind === 'infer')
      sum.rejected = commits.reduce((rows, { counts }) => rows + counts.rejected, 0);
    return { step, kind: wordOfStep(spec.steps[step], kind), ...sum };
  });
