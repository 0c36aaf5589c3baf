import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { SpecError } from '../contract/errors.ts';
import type { FormatVersions } from '../contract/format-versions.ts';
import { renderStageId } from '../contract/ids.ts';
import type { Job } from '../contract/job.ts';
import type { PinnedInput } from '../contract/pinned-input.ts';
import type { Plan, PlannedStage, RejectLimit } from '../contract/plan.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { parseMaxRejects } from '../core/parse-max-rejects.ts';
import { planStages } from '../core/plan-job.ts';
import { digestOf } from '../io/digest.ts';
import { withDuckDB } from '../io/duckdb-session.ts';
import { engineVersion } from '../io/engine-version.ts';
import { readHistory } from '../io/history.ts';
import { listInput } from '../io/list-input.ts';
import type { PlanToOpen } from '../io/open-run.ts';
import { pinInput } from '../io/pin-input.ts';
import { sniffInput } from '../io/sniff-input.ts';
import { type OutputFormat, outputColumns } from '../sql/output-file.ts';
import { bindSteps } from './bind-steps.ts';
import { requireOutputApart } from './require-output-apart.ts';
import type { StageContext } from './stage-context.ts';

/** The layout of blocks, and what assigns rows to partitions: of a plan without a shuffle, none. */
const BLOCK_FORMAT = 'final-1';
const PARTITIONER = 'none';

/** Looking at an input needs little, whatever the job may use. */
const LOOK_MEMORY_BYTES = 1e9;

/** What a plan is made from; `now()` in expressions is the submission. */
export type JobToPlan = Pick<Job, 'job' | 'spec' | 'submittedAt' | 'specDigest' | 'baseDir'>;

/** A plan before its run is open. */
export type PlannedJob = PlanToOpen & Omit<Plan, 'run' | 'openedAt' | 'adopted'>;

/**
 * Decides what a job does, and writes nothing: lists and pins the input, finds its columns, checks and binds
 * every expression, cuts the steps into stages.
 *
 * Fails with InputNotFoundError, InputFormatError, InputSchemaError, LimitError, ExpressionError, SpecError.
 */
export const split = async (context: StageContext, job: JobToPlan): Promise<PlannedJob> => {
  const { spec } = job;
  const { input, steps } = await lookAtInput(context, job);
  const outputFormat = requireWritable(spec.output.format);
  const columns = steps.at(-1)?.columns ?? input.columns;
  const shape = digestOf({ steps: spec.steps, input: input.format, output: outputFormat });
  const history = await readHistory(context.store, shape);
  const stages = planStages({
    steps,
    inputColumns: input.columns,
    inputFormat: input.format,
    inputBytes: input.files.reduce((bytes, file) => bytes + file.sizeBytes, 0),
    outputFormat,
    history: history.map(({ stages }) => ({
      inputBytes: stages[0]?.inputBytes ?? 0,
      seconds: stages.reduce((seconds, stage) => seconds + stage.seconds, 0),
    })),
  });
  const output = { ...spec.output, format: outputFormat, columns: [...outputColumns(columns, outputFormat)] };
  const formats = formatsOf();
  const rejectLimit = rejectLimitOf(spec.errors.max_rejects);
  const decisive = { input, stages: stages.map(withoutExpectation), output, rejectLimit, formats };
  return {
    job: job.job,
    digest: digestOf(decisive),
    formats,
    stageIds: stages.map(({ kind }, index) => renderStageId({ index, kind })),
    specDigest: job.specDigest,
    input,
    stages: [...stages],
    output,
    rejectLimit,
    shape,
  };
};

const formatsOf = (): FormatVersions => ({
  engine: engineVersion(),
  block: BLOCK_FORMAT,
  partitioner: PARTITIONER,
});

const lookAtInput = async (
  context: StageContext,
  job: JobToPlan,
): Promise<{ readonly input: PinnedInput; readonly steps: readonly PlannedStep[] }> => {
  const { spec, submittedAt } = job;
  const baseDir = job.baseDir ?? path.sep;
  const { format, files } = await listInput({ uri: spec.input.uri, format: spec.input.format, baseDir });
  await requireOutputApart(context.store, { job, files: files.map((file) => file.path), baseDir });
  const pinned = await pinInput(files);
  const scratchDir = await mkdtemp(path.join(context.scratchDir, 'split-'));
  try {
    return await withDuckDB(
      {
        threads: context.resources.threads,
        memoryBytes: Math.min(context.resources.memoryBytes, LOOK_MEMORY_BYTES),
        scratchDir,
        readablePaths: pinned.map((file) => file.path),
        writableDirs: [],
      },
      async (connection) => {
        const input = await sniffInput(connection, { input: spec.input, format, files: pinned });
        const steps = await bindSteps(connection, { steps: spec.steps, columns: input.columns, submittedAt });
        return { input, steps };
      },
    );
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};

/** `arrow` parses and is refused before a plan is made; see contract/spec-features. */
const requireWritable = (format: Job['spec']['output']['format']): OutputFormat => {
  if (format !== 'arrow') return format;
  throw new SpecError([{ path: 'output.format', message: 'the output format arrow is not there yet' }]);
};

const rejectLimitOf = (maxRejects: number | string): RejectLimit => {
  const parsed = parseMaxRejects(maxRejects);
  return parsed.kind === 'rate' ? { unit: 'rate', value: parsed.rate } : { unit: 'rows', value: parsed.rows };
};

/** An expectation changes with history, and decides nothing. */
const withoutExpectation = ({ expected: _, ...stage }: PlannedStage): Omit<PlannedStage, 'expected'> => stage;
