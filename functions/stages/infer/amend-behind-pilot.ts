import { MAX_AMENDMENTS } from '../../contract/amendment.ts';
import type { Commit } from '../../contract/commit.ts';
import { StateError } from '../../contract/errors-store.ts';
import { renderReplacementTaskId } from '../../contract/ids.ts';
import { KEYS } from '../../contract/keys.ts';
import type { Plan } from '../../contract/plan.ts';
import type { InferEstimate } from '../../contract/planned-infer.ts';
import type { Task, TaskOf } from '../../contract/task.ts';
import { cutPieceTask } from '../../core/cut-piece-task.ts';
import { cutWaitingSpan } from '../../core/plan-infer-tasks.ts';
import { renderCount } from '../../core/render-units.ts';
import { learnFromPilot, loadsOf, type PieceLoad, tokensOf } from '../../core/weigh-pieces.ts';
import { putAmendment } from '../../io/seal-stage.ts';
import { readBlocksBefore } from '../read-blocks-before.ts';
import type { StageStanding } from '../read-stage.ts';
import type { StagePosition } from '../seal.ts';
import type { StageContext } from '../stage-context.ts';

/**
 * Cuts the tasks that wait behind a pilot by the speed that it has shown, each into tasks of about a minute, and says
 * so in a sentence. Call it where all tasks are done that do not wait. Repeatable; of two at once one counts.
 */
export const amendBehindPilot = async (
  context: StageContext,
  plan: Plan,
  { position, standing }: { readonly position: StagePosition; readonly standing: StageStanding },
): Promise<string> => {
  const { index, ...stage } = position;
  const { tasks, done, waiting, amendments } = standing;
  const estimate = plan.stages[index]?.infer;
  if (estimate === undefined) throw new Error(`stage ${index} runs a model, and nothing is known of it`);
  if (amendments >= MAX_AMENDMENTS) {
    const problem = `${waiting.length} tasks wait, and there are ${amendments} amendments already`;
    throw new StateError({ key: KEYS.sealed.render(stage), problem });
  }
  const blocks = await readBlocksBefore(context.store, plan, index);
  const loads = loadsOf(blocks);
  const learned = learn(loads, { tasks, done, estimate });
  const allTokens = loads.reduce((sum, load) => sum + tokensOf(load, learned), 0);
  const wanted = new Set(waiting);
  const cut = tasks.filter(isOverPieces).flatMap((task): readonly Task[] =>
    !wanted.has(task.task)
      ? []
      : cutWaitingSpan(loads, task, { ...learned, allTokens }).map(({ first, end, weight }, part) =>
          cutPieceTask(blocks, {
            task: renderReplacementTaskId(task.task, part),
            first,
            end,
            tokens: weight,
          }),
        ),
  );
  const reason = `the pilot ${renderSpeed(learned.tokensPerSecond)}: what is left is cut into ${cut.length} ${cut.length === 1 ? 'task' : 'tasks'}`;
  const at = context.now().toISOString();
  await putAmendment(
    context.store,
    { k: amendments },
    { ...stage, void: [...waiting], tasks: [...cut], reason, at },
  );
  return reason;
};

const renderSpeed = (tokensPerSecond: number | undefined): string =>
  tokensPerSecond === undefined
    ? 'answered no row'
    : `did ${renderCount(Math.max(1, Math.round(tokensPerSecond)))} tokens a second`;

const isOverPieces = (task: Task): task is TaskOf<'partitions'> => task.kind === 'partitions';

type Pilot = Pick<StageStanding, 'tasks'> & {
  readonly done: readonly Commit[];
  readonly estimate: InferEstimate;
};

/** What the first task that was done shows; the estimate where it shows nothing. */
const learn = (loads: readonly PieceLoad[], { tasks, done, estimate }: Pilot) => {
  const [commit] = done;
  const task = tasks.filter(isOverPieces).find((each) => each.task === commit?.task);
  if (commit?.infer === undefined || task === undefined) return { ...estimate, tokensPerSecond: undefined };
  const pilot = loads
    .slice(task.first, task.end)
    .reduce(
      (sum, { rows, characters }) => ({ rows: sum.rows + rows, characters: sum.characters + characters }),
      { rows: 0, characters: 0 },
    );
  return learnFromPilot(pilot, commit.infer, estimate) ?? { ...estimate, tokensPerSecond: undefined };
};
