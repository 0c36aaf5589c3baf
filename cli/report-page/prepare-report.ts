import { stringify } from 'yaml';
import type { Commit } from '../../functions/contract/commit.ts';
import { FAILURES } from '../../functions/contract/failures.ts';
import type { Job } from '../../functions/contract/job.ts';
import type { Plan, PlannedStage, Shuffle } from '../../functions/contract/plan.ts';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import type { Report } from '../../functions/contract/report.ts';
import type { TraceEvent } from '../../functions/contract/trace.ts';
import { renderBytes, renderCount, renderSeconds } from '../../functions/core/render-units.ts';
import { judgeSlowTasks } from './judge-slow-tasks.ts';
import { placesToDraw, prepareFlowPlaces } from './prepare-flow.ts';
import { prepareShuffle } from './prepare-shuffles.ts';
import { prepareTimeline } from './prepare-timeline.ts';
import { type RunTrace, readRunTrace, readTasks } from './read-tasks.ts';
import { renderDuration } from './render-duration.ts';
import type {
  Charts,
  Fact,
  PageStage,
  RejectCount,
  ReportPage,
  StageSummary,
  TaskFacts,
} from './report-page.ts';
import { summarizeStages } from './summarize-stages.ts';

/** What stands in the store about a run that has ended. */
export type ReportFacts = {
  readonly job: Job;
  readonly report: Report;
  /** Undefined where the job was refused before a run was open. */
  readonly plan: Plan | undefined;
  readonly trace: readonly TraceEvent[];
  /** The commits of each stage of the plan. */
  readonly commits: readonly (readonly Commit[])[];
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
    plan: plan === undefined ? [] : planStages(plan),
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
  trace === undefined || trace.opened.run === '0001' ? report.submittedAt : trace.opened.at;

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

const renderDeadline = ({ deadlineAt, finishedAt }: Report): string | undefined => {
  if (deadlineAt === undefined) return undefined;
  const slackSeconds = (Date.parse(deadlineAt) - Date.parse(finishedAt)) / 1000;
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
    { label: 'Duration', value: renderDuration(seconds) },
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

const planStages = (plan: Plan): readonly PageStage[] =>
  plan.stageIds.flatMap((stage, index) => {
    const planned = plan.stages[index];
    if (planned === undefined) return [];
    const { tasks, format, inputBytes, expected, columns } = planned;
    const text = `${renderDuration(expected.seconds)}: ${expected.because}`;
    return [{ stage, tasks, format, inputBytes, expected: text, columns, steps: renderSteps(planned) }];
  });

/** A step that moves rows has its first half at the end of a stage, its second at the beginning of the next. */
const renderSteps = ({ opening, steps, shuffle }: PlannedStage): readonly string[] => [
  ...(opening === undefined ? [] : [`${renderStep(opening)} (second half)`]),
  ...steps.map(renderStep),
  ...(shuffle === undefined ? [] : [renderStep(shuffle.step), renderShuffle(shuffle)]),
];

const renderShuffle = ({ by, partitions }: Shuffle): string =>
  `-> ${renderCount(partitions)} ${partitions === 1 ? 'partition' : 'partitions'}${by.length === 0 ? '' : ` by ${by.join(', ')}`}`;

const renderStep = (step: PlannedStep): string => {
  const name = `${step.step + 1}. ${step.kind}`;
  switch (step.kind) {
    case 'filter':
      return `${name} ${step.predicate}`;
    case 'project':
      return `${name} ${step.expressions.map(({ name: column, sql }) => `${column}: ${sql}`).join(', ')}`;
    case 'repartition':
      return `${name} ${step.by.join(', ')}`;
    case 'unnest':
      return `${name} ${step.column}`;
    case 'group_by':
      return `${name} ${step.keys.join(', ')} -> ${step.aggregates.map(({ name: column, sql }) => `${column}: ${sql}`).join(', ')}`;
    case 'sort':
      return `${name} ${step.by.map(({ sql, direction }) => `${sql} ${direction}`).join(', ')} limit ${renderCount(step.limit)}`;
    default:
      return name;
  }
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
