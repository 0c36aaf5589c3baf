import type { Job } from '../../functions/contract/job.ts';
import type { Plan, PlannedStage, Shuffle } from '../../functions/contract/plan.ts';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { nameStep, wordOfStep } from '../../functions/core/name-step.ts';
import { renderCount } from '../../functions/core/render-units.ts';
import { renderDuration } from './render-duration.ts';
import type { PageStage } from './report-page.ts';

/** The stages as they were planned, each with its steps in the words of the spec. */
export const preparePlan = ({ spec }: Job, plan: Plan): readonly PageStage[] =>
  plan.stageIds.flatMap((stage, index) => {
    const planned = plan.stages[index];
    if (planned === undefined) return [];
    const { tasks, format, expected, columns } = planned;
    const inputBytes = planned.inputBytes ?? expected?.inputBytes;
    return [
      {
        stage,
        tasks,
        format,
        inputBytes,
        expected: expected && `${renderDuration(expected.seconds)}: ${expected.because}`,
        columns,
        steps: renderSteps(spec.steps, planned),
      },
    ];
  });

/** A step that moves rows has its first half at the end of a stage, its second at the beginning of the next. */
const renderSteps = (
  written: Job['spec']['steps'],
  { opening, steps, shuffle }: PlannedStage,
): readonly string[] => {
  const render = (step: PlannedStep): string => renderStep(step, wordOfStep(written[step.step], step.kind));
  return [
    ...(opening === undefined ? [] : [`${render(opening)} (second half)`]),
    ...steps.map(render),
    ...(shuffle === undefined ? [] : [render(shuffle.step), renderShuffle(shuffle)]),
  ];
};

const renderShuffle = ({ by, partitions }: Shuffle): string =>
  `-> ${renderCount(partitions)} ${partitions === 1 ? 'partition' : 'partitions'}${by.length === 0 ? '' : ` by ${by.join(', ')}`}`;

const renderStep = (step: PlannedStep, word: string): string => {
  const name = nameStep({ step: step.step, kind: word });
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
