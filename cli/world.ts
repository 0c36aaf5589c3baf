import { findLocalPresence } from '../functions/io/local-presence.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import { newAttempt } from '../functions/io/this-machine.ts';
import type { RunContext } from '../functions/stages/begin-run.ts';
import type { JobWorld } from '../functions/stages/read-job-state.ts';
import type { Resources } from '../functions/stages/stage-context.ts';
import { openLocalS3 } from './local-s3.ts';
import type { Workdir } from './workdir.ts';

/** The jobs of a work folder, and the processes of this machine that work on them. */
export const openJobWorld = (store: ObjectStore): JobWorld => ({
  store,
  findPresence: (job) => findLocalPresence(store, job),
});

/** The world of a local run: this machine's clock, random ids, the work folder's store. */
export const openWorld = (
  workdir: Workdir,
  options: { readonly resources: Resources; readonly signal: AbortSignal },
): RunContext => ({
  ...openJobWorld(workdir.store),
  s3: openLocalS3(),
  scratchDir: workdir.scratchDir,
  worker: workdir.worker,
  resources: options.resources,
  signal: options.signal,
  now: () => new Date(),
  newAttempt,
  onProgress: () => {},
});
