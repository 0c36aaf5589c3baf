import { stringify } from 'yaml';
import type { Commit } from '../../functions/contract/commit.ts';
import { FAILURES } from '../../functions/contract/failures.ts';
import { FIRST_RUN } from '../../functions/contract/ids.ts';
import type { Job } from '../../functions/contract/job.ts';
import type { Plan } from '../../functions/contract/plan.ts';
import type { Report } from '../../functions/contract/report.ts';
import type { TraceEvent } from '../../functions/contract/trace.ts';
import { renderBytes, renderCount, renderSeconds } from '../../functions/core/render-units.ts';
import { judgeSlowTasks } from './judge-slow-tasks.ts';
import { prepareAttempts, type StageNotes } from './prepare-attempts.ts';
import { placesToDraw, prepareFlowPlaces } from './prepare-flow.ts';
import { preparePlan } from './prepare-plan.ts';
import { prepareShuffle } from './prepare-shuffles.ts';
import { prepareTimeline } from './prepare-timeline.ts';
import { type RunTrace, readRunTrace, readTasks } from './read-tasks.ts';
import { renderDuration } from './render-duration.ts';
import type { Charts, Fact, RejectCount, ReportPage, StageSummary, TaskFacts } from './report-page.ts';
import { summarizeStages } from './summarize-stages.ts';

/** What stands in the store about a run that has ended. */
export type ReportFacts = {
  readonly job: Job;
  readonly report: Report;
  /** Undefined where the job was refused before a run was open. */
  readonly plan: Plan | undefined;
  readonly trace: readonly TraceEvent[];
  /** The commits of each stage of the plan that count. */
  readonly commits: readonly (readonly Commit[])[];
  readonly notes: readonly StageNotes[];
  readonly rejects: readonly RejectCount[] | undefined;
};

/** More are counted, not named. */
const MOST_FILES = 20;

const NO_CHARTS: Charts = {
  stages: [],
  tasks: [],
  timeline: { originAt: '', endMs: 0, lanes: [], spans: [], bars: [] },
  flow: [],
  shuffles: [],
};

/** Decides all that the page of a report says; rendering adds no fact to it. */
export const prepareReport = (facts: ReportFacts): ReportPage => {
  const { job, report, plan } = facts;
  const trace = readRunTrace(facts.trace);
  const originAt = originOf(trace, report);
  const tasks = trace === undefined ? [] : readTasks(trace, originAt);
  const places = prepareFlowPlaces(report.stages);
  const charts = trace === undefined ? NO_CHARTS : prepareCharts(facts, { trace, tasks, originAt });
  const stages = trace === undefined ? [] : summarizeStages(report, trace, tasks);
  return {
    name: report.name,
    job: report.job,
    run: report.run,
    outcome: report.outcome,
    sentence: renderSentence(report),
    deadline: renderDeadline(report),
    failure: failureOf(report),
    facts: keyFacts(report, stages),
    stages,
    flowPlaces: places,
    slow: judgeSlowTasks(tasks, charts.stages),
    rejects: facts.rejects,
    rejectedRows: report.rows.rejected,
    ...prepareAttempts(facts.notes, trace?.committed.flatMap(({ worker }) => worker ?? []) ?? []),
    plan: plan === undefined ? [] : preparePlan(job, plan),
    input: inputOf(job, plan),
    output: report.output,
    versions: versionsOf(report, plan),
    // A spec is JSON, and aliases would hide what it says.
    spec: stringify(job.spec, { aliasDuplicateObjects: false, lineWidth: 0 }),
    charts: { ...charts, flow: placesToDraw(places) },
  };
};

/** A resumed run begins when it was opened; the first when the job was submitted. */
const originOf = (trace: RunTrace | undefined, report: Report): string =>
  trace === undefined || trace.opened.run === FIRST_RUN ? report.submittedAt : trace.opened.at;

const prepareCharts = (
  { report, commits }: ReportFacts,
  drawn: { readonly trace: RunTrace; readonly tasks: readonly TaskFacts[]; readonly originAt: string },
): Charts => {
  const { trace, tasks, originAt } = drawn;
  const stages = trace.opened.stages.map(({ stage }) => stage);
  return {
    stages,
    tasks,
    timeline: prepareTimeline(trace, tasks, { originAt, finishedAt: report.finishedAt }),
    flow: NO_CHARTS.flow,
    shuffles: stages.flatMap((stage, index) => prepareShuffle(stage, commits[index] ?? []) ?? []),
  };
};

const VERBS: Readonly<Record<Report['outcome'], string>> = {
  published: 'Published',
  partial: 'Published, in part,',
  cancelled: 'Cancelled',
  failed: 'Failed',
  refused: 'Refused',
  superseded: 'Superseded',
};

const isPublished = ({ outcome }: Report): boolean => outcome === 'published' || outcome === 'partial';

const renderSentence = (report: Report): string => {
  const { rows, output, seconds } = report;
  const verb = VERBS[report.outcome];
  if (!isPublished(report)) return `${verb} after ${renderSeconds(seconds)}. Nothing was published.`;
  const files = `${renderCount(output.parts)} ${output.format} ${output.parts === 1 ? 'file' : 'files'}`;
  return `${verb} in ${renderSeconds(seconds)}: ${renderCount(rows.read)} rows read, ${renderCount(rows.written)} written to ${files}.`;
};

/** What publishes nothing meets no deadline, however early it ends. */
const renderDeadline = (report: Report): string | undefined => {
  const { deadlineAt, finishedAt } = report;
  if (deadlineAt === undefined) return undefined;
  const slackSeconds = (Date.parse(deadlineAt) - Date.parse(finishedAt)) / 1000;
  if (!isPublished(report)) {
    return slackSeconds > 0
      ? `Its deadline of ${renderInstant(deadlineAt)} is not met: ${renderSeconds(slackSeconds)} were left.`
      : `Its deadline of ${renderInstant(deadlineAt)} had passed.`;
  }
  return slackSeconds >= 0
    ? `${renderSeconds(slackSeconds)} before its deadline of ${renderInstant(deadlineAt)}.`
    : `${renderSeconds(-slackSeconds)} after its deadline of ${renderInstant(deadlineAt)}.`;
};

/** 2026-11-22T09:30:00.000Z becomes `2026-11-22 09:30:00 UTC`. */
const renderInstant = (at: string): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const failureOf = ({ failure }: Report): ReportPage['failure'] => {
  if (failure === undefined) return undefined;
  const row = Object.entries(FAILURES).find(([name]) => name === failure.name)?.[1];
  return { ...failure, remedy: row?.remedy ?? '' };
};

const keyFacts = (report: Report, stages: readonly StageSummary[]): readonly Fact[] => {
  const tasks = stages.reduce((sum, stage) => sum + stage.tasks, 0);
  const adopted = stages.reduce((sum, stage) => sum + stage.adopted, 0);
  const { rows, output, seconds } = report;
  const inputBytes = report.stages[0]?.bytesRead ?? 0;
  const rate = seconds > 0 ? `${renderBytes(inputBytes / seconds)}/s` : undefined;
  return [
    {
      label: 'Duration',
      value: renderDuration(seconds),
      note: report.run === FIRST_RUN ? 'from submission' : `of run ${report.run}`,
    },
    { label: 'Rows read', value: renderCount(rows.read) },
    { label: 'Rows written', value: renderCount(rows.written) },
    { label: 'Rejected', value: renderCount(rows.rejected) },
    { label: 'Input', value: renderBytes(inputBytes), ...(rate === undefined ? {} : { note: rate }) },
    { label: 'Output', value: renderBytes(output.sizeBytes) },
    {
      label: 'Tasks',
      value: renderCount(tasks),
      ...(adopted === 0 ? {} : { note: `${renderCount(adopted)} from an earlier run` }),
    },
    { label: 'Stages', value: renderCount(stages.length) },
  ];
};

const inputOf = (job: Job, plan: Plan | undefined): ReportPage['input'] => {
  if (plan === undefined) {
    const uris = [job.spec.input.uri].flat();
    const files = uris.slice(0, MOST_FILES).map((path) => ({ path, sizeBytes: 0 }));
    return { format: job.spec.input.format ?? '', files, moreFiles: uris.length - files.length };
  }
  const files = plan.input.files.slice(0, MOST_FILES).map(({ path, sizeBytes }) => ({ path, sizeBytes }));
  return { format: plan.input.format, files, moreFiles: plan.input.files.length - files.length };
};

const versionsOf = (report: Report, plan: Plan | undefined): readonly Fact[] => [
  { label: 'Job', value: report.job },
  { label: 'Run', value: report.run },
  { label: 'Submitted', value: renderInstant(report.submittedAt) },
  { label: 'Finished', value: renderInstant(report.finishedAt) },
  ...(plan === undefined
    ? []
    : [
        { label: 'Engine', value: plan.formats.engine },
        { label: 'Blocks', value: plan.formats.block },
        { label: 'Partitioner', value: plan.formats.partitioner },
        { label: 'Plan', value: plan.digest.slice(0, 12) },
      ]),
];
