import type { Commit } from '../contract/commit.ts';
import { verifyPins } from '../io/pin-input.ts';
import { answerTask } from './answer-task.ts';
import { proposeCommit } from './propose-commit.ts';
import type { StageContext } from './stage-context.ts';
import { filesOf, type TaskWork } from './task-work.ts';

/**
 * Runs one attempt of a task: its slice, or its partitions of the stage before, to one block. Puts block and
 * rejects into the store and returns the commit that the attempt proposes; it commits nothing itself.
 *
 * Fails with TooManyRejectsError, InputChangedError, BlockMissingError, BlockCorruptError, QueryError, ModuleError,
 * TaskMemoryError, TaskDiskError, ConservationError, or with the reason of `context.signal`.
 */
export const runStageTask = (context: StageContext, work: TaskWork): Promise<Commit> =>
  proposeCommit(context, work, async (target) => {
    const files = filesOf(work);
    await verifyPins(files);
    const answer = await answerTask(context, work, target);
    await verifyPins(files);
    return answer;
  });
