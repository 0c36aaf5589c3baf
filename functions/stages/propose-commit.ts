import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Commit } from '../contract/commit.ts';
import type { Counts } from '../contract/counts.ts';
import { ConservationError } from '../contract/errors-store.ts';
import type { AttemptIds } from '../contract/ids.ts';
import { KEYS, renderBlockKey } from '../contract/keys.ts';
import { judgeConservation } from '../core/judge-conservation.ts';
import type { TaskAnswer, TaskTarget } from './answer-task.ts';
import type { StageContext } from './stage-context.ts';
import type { KeepRejectsFile, TaskWork } from './task-work.ts';

/**
 * The frame of an attempt: `answer` writes block and rejects into folders of the attempt's own; they are put into the
 * store, and the commit that the attempt proposes is returned. It commits nothing itself.
 *
 * Fails with ConservationError where rows do not add up, as `answer` does, and with StoreError.
 */
export const proposeCommit = async (
  context: StageContext,
  work: TaskWork,
  answer: (target: TaskTarget) => Promise<TaskAnswer>,
): Promise<Commit> => {
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
    const keep: KeepRejectsFile = async ({ path: file, object }) => {
      const key = KEYS.rejects.render({ ...ids, format: object.format });
      await context.store.putFile(key, file, object.sha256);
      return { key, place: context.store.localPath(key) ?? key };
    };
    const answered = await answer({ folders, keep });
    const { block, rejects, counts, steps, carried, chains, infer } = answered;
    requireConservation(work, counts);
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
      ...(block.weights === undefined ? {} : { weights: [...block.weights] }),
      ...(infer === undefined ? {} : { infer }),
      rows: counts.written,
      ...(rejects === undefined ? {} : { rejects: renderRejects(rejects, counts) }),
      counts,
      steps: [...steps],
      ...(carried === undefined ? {} : { carried }),
      ...(chains.length === 0 ? {} : { chains: [...chains] }),
      formats: work.plan.formats,
      bytesRead: work.task.weightBytes,
      startedAt,
      endedAt: context.now().toISOString(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const renderRejects = (
  { object, summary }: NonNullable<TaskAnswer['rejects']>,
  { rejected }: Counts,
): NonNullable<Commit['rejects']> => ({
  ...object,
  rows: rejected,
  ...(summary === undefined ? {} : { summary }),
});

const requireConservation = ({ ids }: TaskWork, counts: Counts): void => {
  const { isConserved, sentence } = judgeConservation(counts);
  if (!isConserved) throw new ConservationError({ where: `task ${ids.task} of ${ids.stage}`, sentence });
};
