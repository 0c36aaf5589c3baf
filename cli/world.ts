import type { Resources, StageContext } from '../functions/stages/stage-context.ts';
import { newAttempt, type Workdir } from './workdir.ts';

/** The world of a local run: this machine's clock, random ids, the work folder's store. */
export const openWorld = (
  workdir: Workdir,
  options: { readonly resources: Resources; readonly signal: AbortSignal },
): StageContext => ({
  store: workdir.store,
  scratchDir: workdir.scratchDir,
  worker: workdir.worker,
  resources: options.resources,
  signal: options.signal,
  now: () => new Date(),
  newAttempt,
  onProgress: () => {},
});
