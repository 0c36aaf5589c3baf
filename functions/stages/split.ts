import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { SpecError } from '../contract/errors.ts';
import type { FormatVersions } from '../contract/format-versions.ts';
import { renderStageId, renderTaskId } from '../contract/ids.ts';
import type { Job } from '../contract/job.ts';
import { isRemote, type PinnedInput } from '../contract/pinned-input.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
import type { RejectLimit } from '../contract/plan-header.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import type { Task } from '../contract/task.ts';
import { cutStages, isDealt } from '../core/cut-stages.ts';
import { narrowSteps } from '../core/narrow-steps.ts';
import { parseMaxRejects } from '../core/parse-max-rejects.ts';
import { type BoundCut, chooseMapTasks, choosePartitions, planStages } from '../core/plan-job.ts';
import { refuseGlobalRows } from '../core/refuse-global-rows.ts';
import { digestOf } from '../io/digest.ts';
import { withDuckDB } from '../io/duckdb-session.ts';
import { engineVersion } from '../io/engine-version.ts';
import { readHistory } from '../io/history.ts';
import type { InputLook } from '../io/input-look.ts';
import { listInput } from '../io/list-input.ts';
import type { PlanToOpen } from '../io/open-run.ts';
import { pinInput } from '../io/pin-input.ts';
import { planInputSlices } from '../io/slices/plan-input-slices.ts';
import { sniffInput } from '../io/sniff-input.ts';
import { type OutputFormat, outputColumns } from '../sql/output-file.ts';
import { bindShuffles } from './bind-shuffles.ts';
import { bindSteps } from './bind-steps.ts';
import { hintTypes } from './hint-types.ts';
import { nameFullDisk } from './name-full-disk.ts';
import { openLook } from './open-input.ts';
import { hashTasks } from './read-tasks.ts';
import { requireOutputApart } from './require-output-apart.ts';
import { isModuleStep } from './run-modules.ts';
import { shrinksInTasks } from './sample-groups.ts';
import type { StageContext } from './stage-context.ts';

/** The layout of blocks, and what assigns rows to partitions: the engine's hash, so its version is part of it. */
const BLOCK_FORMAT = 'arrow-streams-1';
const partitioner = (): string => `${engineVersion()}-hash`;

/**
 * Raised whenever the same plan would give other rows than before: how steps are compiled, read, counted or written.
 * It is part of the digest, so that no run mixes the work of two versions.
 */
const PLAN_SEMANTICS = 2;

/** What one task can gather and spill: the disk of a function. @see docs/aggregates.md */
const MOST_GLOBAL_BYTES = 10e9;

/** Of one task's input in S3, where it can be cut so. */
const COPIED_BYTES = 1e9;

/**
 * Where nobody asked for a number, a task of a later stage reads as much, if there is as much: starting a task and
 * opening its file take as long as reading that, and small results are not strewn over many files.
 */
const LEAST_BYTES = 4e6;

/** Looking at an input needs little, whatever the job may use. */
const LOOK_MEMORY_BYTES = 1e9;

/** What a plan is made from; `now()` in expressions is the submission. */
export type JobToPlan = Pick<
  Job,
  'job' | 'spec' | 'submittedAt' | 'specDigest' | 'baseDir' | 'tasks' | 'modules'
>;

/** A plan before its run is open, with the tasks of its first stage. */
export type PlannedJob = {
  readonly plan: PlanToOpen & Omit<Plan, 'run' | 'openedAt' | 'adopted'>;
  readonly tasks: readonly Task[];
  /** What a resume asks for in place of the limit that the earlier run had. */
  readonly askedLimit?: RejectLimit;
};

/**
 * Decides what a job does, and writes nothing: lists and pins the input, finds its columns, checks and binds
 * every expression, cuts the steps into stages and the input into tasks.
 *
 * Fails with InputNotFoundError, InputFormatError, InputSchemaError, LimitError, ExpressionError, SpecError,
 * ColumnTypeError.
 */
export const split = async (context: StageContext, job: JobToPlan): Promise<PlannedJob> => {
  const { spec } = job;
  const looked = await lookAtInput(context, job);
  const { input, cuts, tasks, columns } = looked;
  const outputFormat = requireWritable(spec.output.format);
  const shape = digestOf({ steps: spec.steps, input: input.format, output: outputFormat, tasks: job.tasks });
  const history = await readHistory(context.store, shape);
  const stages = planStages({
    cuts,
    inputColumns: looked.inputColumns,
    columns,
    mapTasks: tasks.length,
    reduceTasks: job.tasks?.reduce ?? tasks.length,
    inputFormat: input.format,
    inputBytes: input.files.reduce((bytes, file) => bytes + file.sizeBytes, 0),
    outputFormat,
    history,
  });
  const output = { ...spec.output, format: outputFormat, columns: [...outputColumns(columns, outputFormat)] };
  const formats: FormatVersions = {
    engine: engineVersion(),
    block: BLOCK_FORMAT,
    partitioner: partitioner(),
  };
  const rejectLimit = parseMaxRejects(spec.errors.max_rejects);
  const taskBytes =
    job.tasks?.reduce === undefined && stages.length > 1 ? (context.sliceBytes ?? LEAST_BYTES) : undefined;
  const sizes = taskBytes === undefined ? {} : { taskBytes };
  const decisive = {
    semantics: PLAN_SEMANTICS,
    input,
    stages: stages.map(withoutExpectation),
    output,
    formats,
    tasks,
    ...sizes,
  };
  const plan = {
    job: job.job,
    digest: digestOf(decisive),
    formats,
    stageIds: stages.map(({ kind }, index) => renderStageId({ index, kind })),
    specDigest: job.specDigest,
    tasks: { attempt: context.newAttempt(), sha256: hashTasks(tasks) },
    input,
    stages: [...stages],
    output,
    ...sizes,
    rejectLimit,
    shape,
  };
  return { plan, tasks };
};

type Looked = {
  readonly input: PinnedInput;
  readonly inputColumns: readonly string[];
  readonly cuts: readonly BoundCut[];
  readonly tasks: readonly Task[];
  /** What the last step leaves. */
  readonly columns: readonly Column[];
};

const lookAtInput = async (context: StageContext, job: JobToPlan): Promise<Looked> => {
  const { spec } = job;
  const baseDir = job.baseDir ?? path.sep;
  const { signal, s3 } = context;
  const { uri } = spec.input;
  const { format, files } = await listInput({ uri, format: spec.input.format, baseDir, s3, signal });
  context.signal.throwIfAborted();
  await requireOutputApart(context, { job, files: files.map((file) => file.path), baseDir });
  const pinned = await pinInput(files);
  context.signal.throwIfAborted();
  const scratchDir = await mkdtemp(path.join(context.scratchDir, 'split-'));
  const lookDir = path.join(scratchDir, 'look');
  await mkdir(lookDir);
  try {
    return await withDuckDB(
      {
        threads: context.resources.threads,
        memoryBytes: Math.min(context.resources.memoryBytes, LOOK_MEMORY_BYTES),
        scratchDir,
        readablePaths: pinned.filter((file) => !isRemote(file)).map((file) => file.path),
        // DuckDB reads copies there as they are made.
        writableDirs: [lookDir],
      },
      async (connection) => {
        const look = await openLook(context, { files: pinned, folder: lookDir });
        const input = await nameFullDisk({ task: 'split', scratchDir: lookDir }, () =>
          sniffInput(connection, { input: spec.input, format, files: pinned, look }),
        );
        context.signal.throwIfAborted();
        const looked = await bindJob(context, connection, { job, input, look }).catch(async (error) => {
          throw await hintTypes(connection, { look, input, csv: spec.input.csv }, error);
        });
        context.signal.throwIfAborted();
        return { ...looked, input: withoutCopies(input) };
      },
    );
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

const bindJob = async (
  context: StageContext,
  connection: DuckDBConnection,
  { job, input, look }: { readonly job: JobToPlan; readonly input: PinnedInput; readonly look: InputLook },
): Promise<Looked> => {
  const { signal, resources } = context;
  const { memoryBytes } = resources;
  const bound = await bindSteps(connection, { ...job, steps: job.spec.steps, columns: input.columns });
  signal.throwIfAborted();
  const columns = bound.at(-1)?.columns ?? input.columns;
  const { steps, columns: inputColumns } = narrowSteps(input.columns, bound);
  const looked = { input, inputColumns, columns };
  const inputBytes = input.files.reduce((bytes, file) => bytes + file.sizeBytes, 0);
  const hasModules = steps.some(isModuleStep);
  // A task copies its slice of what lies in S3: without a word on slices, no more than a scratch folder holds.
  const isCopied = input.files.some(isRemote);
  const { sliceBytes = isCopied ? COPIED_BYTES : undefined } = context;
  const { map = chooseMapTasks({ steps, hasModules, inputBytes, memoryBytes, sliceBytes }), reduce = map } =
    job.tasks ?? {};
  // How many files a repartition is to leave is part of the result, whatever the number of tasks.
  if (map === 1 && reduce === 1 && !steps.some(isDealt)) {
    return {
      ...looked,
      cuts: [{ steps: [...steps] }],
      tasks: [{ kind: 'input', task: renderTaskId(0), weightBytes: inputBytes }],
    };
  }
  if (inputBytes > MOST_GLOBAL_BYTES) refuseGlobalRows(steps);
  const filter = leadingFilter(steps);
  const tasks = await planInputSlices(connection, input, {
    tasks: map,
    columns: inputColumns,
    look,
    ...(filter === undefined ? {} : { rowGroupFilter: filter }),
  });
  signal.throwIfAborted();
  const cuts = await bindShuffles(connection, cutStages(steps), {
    columns: input.columns.filter(({ name }) => inputColumns.includes(name)),
    partitions: choosePartitions(tasks.length, reduce),
    shrinks: (before, keys) =>
      shrinksInTasks(connection, { input, inputColumns, tasks: tasks.length, look }, { before, keys }),
  });
  return { ...looked, cuts, tasks };
};

/** What every row must satisfy before anything else happens to it, as one predicate over the columns of the input. */
const leadingFilter = (steps: readonly PlannedStep[]): string | undefined => {
  const filters: string[] = [];
  for (const step of steps) {
    // Behind one that can fail, a row that is not read would be an error that is not found.
    if (step.kind !== 'filter' || !step.isPrunable) break;
    filters.push(`(${step.predicate})`);
  }
  return filters.length === 0 ? undefined : filters.join(' AND ');
};
/** Where copies of an input lie is nobody's but this look's. */
const withoutCopies = (input: PinnedInput): PinnedInput => ({
  ...input,
  files: input.files.map(({ local: _, ...file }) => file),
});

/** `arrow` parses and is refused before a plan is made; see contract/spec-features. */
const requireWritable = (format: Job['spec']['output']['format']): OutputFormat => {
  if (format !== 'arrow') return format;
  throw new SpecError([{ path: 'output.format', message: 'the output format arrow is not there yet' }]);
};

/** An expectation changes with history, and decides nothing. */
const withoutExpectation = ({ expected: _, ...stage }: PlannedStage): Omit<PlannedStage, 'expected'> => stage;
