import { INFER_LIMITS } from '../../functions/contract/planned-infer.ts';
import { renderPace } from '../../functions/core/endpoints/render-pace.ts';
import { mapBounded } from '../../functions/io/map-bounded.ts';
import { runTask } from '../../functions/stages/run-task.ts';
import type { StageContext, TaskProgress } from '../../functions/stages/stage-context.ts';
import { watchOwnMemory } from '../../functions/stages/workers/watch-own-memory.ts';
import type { Runner } from '../run-job.ts';
import type { Work } from '../run-tasks.ts';

const SHOW_MS = 1_000;

/** `endpoint`: the name that the step has. */
export type EndpointWork = Work & { readonly endpoint: string };

/**
 * Runs tasks whose rows go to an endpoint, in this process: as many at once as a worker has open, so that the
 * endpoint is never idle between two of them. Where one fails the others end too.
 */
export const runEndpointTasks = async (
  { context, view }: Runner,
  { position, standing: { missing }, shareBefore, elapsedSeconds, endpoint: name }: EndpointWork,
): Promise<void> => {
  const endpoint = await context.endpoints?.open(name);
  const { index: _, ...stage } = position;
  const open = Math.min(INFER_LIMITS.openTasks, missing.length);
  const progress = new Map<string, TaskProgress>();
  const show = (): void => {
    const all = [...progress.values()];
    view.update({
      stage: stage.stage,
      share: all.reduce((sum, { share = 0 }) => sum + share, 0) / missing.length,
      shareBefore,
      rows: all.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
      elapsedSeconds: elapsedSeconds(),
      ...(endpoint === undefined ? {} : { detail: renderPace(endpoint.name, endpoint.figures()) }),
    });
  };
  // While an endpoint lets everybody wait no row says anything.
  const timer = setInterval(show, SHOW_MS);
  return watchOwnMemory({ context, task: stage.stage }, async (watched) => {
    const failed = new AbortController();
    const signal = AbortSignal.any([watched.signal, failed.signal]);
    const shared = { ...watched, signal, resources: shareAmong(watched, open) };
    await mapBounded(missing, open, async (task) => {
      const onProgress = (each: TaskProgress): void => {
        progress.set(task, each);
        show();
      };
      try {
        await runTask({ ...shared, onProgress }, { ...stage, task });
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
  }).finally(() => clearInterval(timer));
};

const shareAmong = ({ resources }: StageContext, open: number): StageContext['resources'] => ({
  threads: Math.max(1, Math.floor(resources.threads / open)),
  memoryBytes: Math.floor(resources.memoryBytes / open),
});
