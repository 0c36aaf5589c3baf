import path from 'node:path';
import { JobCancelledError } from '../../functions/contract/errors-store.ts';
import type { PlannedStage, Shuffle } from '../../functions/contract/plan.ts';
import { renderBytes, renderCount, renderSeconds } from '../../functions/core/render-units.ts';
import type { PlannedJob } from '../../functions/stages/split.ts';
import { openModels } from '../infer/open-models.ts';
import { renderModels } from '../infer/render-models.ts';
import { withInterrupt } from '../interrupt.ts';
import { resourcesOf, workdirOf } from '../options.ts';
import { renderTable } from '../render-table.ts';
import { renderTime } from '../render-time.ts';
import { splitHere } from '../split-here.ts';
import { withWorkdir } from '../workdir.ts';
import { openWorld } from '../world.ts';
import { bundleModules, hashesOf } from './bundle-modules.ts';
import { loadSpec, makeLocalJob, requireFeatures } from './prepare-job.ts';
import { located, type RunOptions } from './run.ts';

/** `daybreak plan`: what a job would do, in stages, without running it. */
export const plan = async (file: string, options: RunOptions): Promise<void> => {
  const parsed = await loadSpec(file, options);
  requireFeatures(parsed);
  const modules = hashesOf(await bundleModules(parsed.spec, file));
  const job = makeLocalJob(parsed, { ...options, ...modules, now: new Date() });
  const planned = await withInterrupt(
    () => new JobCancelledError({ job: job.job }),
    (signal) =>
      withWorkdir(workdirOf(options), async (workdir) => {
        const world = openWorld(workdir, { resources: resourcesOf(options), signal });
        const folder = path.dirname(path.resolve(file));
        const { engines } = openModels({ store: workdir.store, folder, looksAtEndpoints: true });
        return located(parsed, file, () =>
          splitHere({ ...world, engines: { ...engines, sampleRows: SAMPLE_ROWS } }, job),
        );
      }),
  );
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(planned)}\n`);
    return;
  }
  process.stdout.write(`${renderPlan(planned)}\n`);
};

/** Rows that are rendered to tell which ones are bad: a second's work. */
const SAMPLE_ROWS = 10_000;

const renderPlan = ({ plan, models }: PlannedJob): string => {
  const { input, stages, output, stageIds } = plan;
  const bytes = input.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return [
    `input   ${renderCount(input.files.length)} ${input.format} ${input.files.length === 1 ? 'file' : 'files'}, ${renderBytes(bytes)}`,
    `columns ${input.columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`,
    '',
    renderTable({
      widestCell: 120,
      header: ['stage', 'tasks', 'reads', 'expected', 'does'],
      right: new Set([1, 2, 3]),
      rows: stages.map((stage, index) => [
        stageIds[index] ?? '',
        renderCount(stage.tasks),
        renderKnown(stage.inputBytes ?? stage.expected?.inputBytes, renderBytes),
        // An assumption is made for all stages together.
        stage.expected?.basis === 'assumed' && stages.length > 1 && stage.kind !== 'infer'
          ? '?'
          : renderKnown(stage.expected?.seconds, renderSeconds),
        renderWork(stage),
      ]),
    }),
    ...renderModels(plan, models),
    '',
    `output  ${output.uri}, ${output.format}, mode ${output.mode}`,
    `columns ${output.columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`,
    `time    ${renderTime(stages)}`,
  ].join('\n');
};

const renderKnown = (value: number | undefined, render: (value: number) => string): string =>
  value === undefined ? '?' : render(value);

/** The steps of a stage; `->` stands where rows move to the next one, which ends what this one began. */
const renderWork = ({ kind, opening, steps, shuffle }: PlannedStage): string => {
  if (kind === 'infer') return 'infer';
  return (
    [
      ...(opening === undefined ? [] : [`-> ${opening.kind}`]),
      ...steps.map(({ kind }) => kind),
      ...(shuffle === undefined ? [] : [`${shuffle.step.kind} ->${partsOf(shuffle)}`]),
    ].join(' ') || 'copy'
  );
};

/** Of rows that keep their order there are as many pieces as it takes. */
const partsOf = (shuffle: Shuffle): string =>
  shuffle.pieceRows === undefined ? ` ${shuffle.partitions}${reasonOf(shuffle)}` : '';

/** Why rows move as they are where groups could have been made first. */
const reasonOf = ({ step, isUngrouped }: Shuffle): string => {
  if (isUngrouped === true) return ' (rows: keys nearly unique)';
  if (step.kind !== 'group_by' || step.decomposition.mode === 'partial') return '';
  return ` (rows: ${step.decomposition.reason})`;
};
