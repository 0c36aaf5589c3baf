import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Commit } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { ConservationError } from '../contract/errors-store.ts';
import type { AttemptIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import { judgeConservation } from '../core/judge-conservation.ts';
import { verifyPins } from '../io/pin-input.ts';
import { answerTask } from './answer-task.ts';
import type { StageContext } from './stage-context.ts';
import { filesOf, type KeepRejectsFile, type TaskWork } from './task-work.ts';

/**
 * Runs one attempt of a task: its slice, or its partitions of the stage before, to one block. Puts block and
 * rejects into the store and returns the commit that the attempt proposes; it commits nothing itself.
 *
 * Fails with TooManyRejectsError, InputChangedError, BlockMissingError, BlockCorruptError, QueryError, ModuleError,
 * TaskMemoryError, TaskDiskError, ConservationError, or with the reason of `context.signal`.
 */
export const runStageTask = async (context: StageContext, work: TaskWork): Promise<Commit> => {
  const startedAt = context.now().toISOString();
  const ids: AttemptIds = { ...work.ids, attempt: context.newAttempt() };
  const folder = await mkdtemp(path.join(context.scratchDir, 'task-'));
  try {
    const folders = {
      out: path.join(folder, 'out'),
      slice: path.join(folder, 'slice'),
      spill: path.join(folder, 'spill'),
    };
    await Promise.all(Object.values(folders).map((each) => mkdir(each)));
    const files = filesOf(work);
    await verifyPins(files);
    const keep: KeepRejectsFile = async ({ path: file, object }) => {
      const key = KEYS.rejects.render({ ...ids, format: object.format });
      await context.store.putFile(key, file, object.sha256);
      return { key, place: context.store.localPath(key) ?? key };
    };
    const answer = await answerTask(context, work, { folders, keep });
    await verifyPins(files);
    requireConservation(work, answer.counts);
    const { block, rejects } = answer;
    await context.store.putFile(
      renderBlockKey({ ...ids, format: block.object.format }),
      block.path,
      block.object.sha256,
    );
    if (rejects !== undefined) await keep(rejects);
    return {
      ...ids,
      block: block.object,
      partitions: [...block.partitions],
      rows: answer.counts.written,
      ...(rejects === undefined
        ? {}
        : {
            rejects: {
              ...rejects.object,
              rows: answer.counts.rejected,
              ...(rejects.summary === undefined ? {} : { summary: rejects.summary }),
            },
          }),
      counts: answer.counts,
      steps: [...answer.steps],
      ...(answer.carried === undefined ? {} : { carried: answer.carried }),
      ...(answer.chains.length === 0 ? {} : { chains: [...answer.chains] }),
      formats: work.plan.formats,
      bytesRead: work.task.weightBytes,
      startedAt,
      endedAt: context.now().toISOString(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const requireConservation = ({ ids }: TaskWork, counts: Counts): void => {
  const { isConserved, sentence } = judgeConservation(counts);
  if (!isConserved) throw new ConservationError({ where: `task ${ids.task} of ${ids.stage}`, sentence });
};
