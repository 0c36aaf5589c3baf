import path from 'node:path';
import type { FoundEngines } from '../functions/core/choose-engine.ts';
import { findEngines } from '../functions/io/engines/find-engines.ts';
import type { ModelWorld } from '../functions/io/models/model-world.ts';
import { openRemoteFiles } from '../functions/io/remote/remote-files.ts';
import { openLocalS3 } from './local-s3.ts';

/** The folder of this package: of the sources, and of what is built of them. */
const ROOT = path.resolve(import.meta.dirname, '..');

/** What runs a model on this machine, and where models are: in the checkout, in the hub's cache, in S3. */
export const openModelWorld = (
  endpoints: FoundEngines['endpoints'],
  environment: NodeJS.ProcessEnv = process.env,
  keyVariables: readonly string[] = [],
): ModelWorld => {
  let found: Promise<FoundEngines> | undefined;
  return {
    root: ROOT,
    modelsDir: path.join(ROOT, '.cache/models'),
    environment,
    // Once for all steps of a job.
    findEngines: (signal) => {
      found ??= findEngines({ root: ROOT, environment, endpoints, keyVariables, signal });
      return found;
    },
    openRemote: (signal) => openRemoteFiles(openLocalS3(environment), signal),
  };
};
