import type { JobWorld } from '../functions/stages/read-job-state.ts';
import type { StageContext } from '../functions/stages/stage-context.ts';
import { addPlace, type CloudPlace, cloudPlaceOf, type PlaceOptions } from './cloud/place-options.ts';
import { openLocalS3 } from './local-s3.ts';
import { workdirOf } from './options.ts';
import { openStore } from './workdir.ts';
import { openJobWorld } from './world.ts';

/** The jobs that a command looks at, of this machine or of a deployment: from here on there is no difference. */
export type Place = {
  readonly world: JobWorld & Pick<StageContext, 's3' | 'now'>;
  /** The same for a list of jobs, where who works on them is asked once. */
  readonly openList: () => Promise<JobWorld>;
  /** For people. */
  readonly name: string;
  /** Undefined on this machine. */
  readonly cloud: CloudPlace | undefined;
  /** Makes the commands in a sentence find this place again. */
  readonly hint: (sentence: string) => string;
};

/** Fails with UsageError, and with DeploymentError where a deployment cannot be found. */
export const openPlace = async (options: PlaceOptions): Promise<Place> => {
  const cloud = cloudPlaceOf(options);
  const hint = (sentence: string): string => addPlace(sentence, options);
  const now = (): Date => new Date();
  if (cloud === undefined) {
    const workdir = workdirOf(options);
    const world = { ...openJobWorld(await openStore(workdir)), s3: openLocalS3(), now };
    return { world, openList: async () => world, name: workdir, cloud, hint };
  }
  // The clients of AWS are loaded where somebody asks for them.
  const { openDeployment } = await import('./cloud/open-deployment.ts');
  const { world, openList } = await openDeployment(cloud);
  return { world, openList, name: `the deployment ${cloud.stack}`, cloud, hint };
};
