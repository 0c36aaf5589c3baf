import type { FoundEngines } from '../../core/choose-engine.ts';
import type { RemoteFiles } from '../remote/remote-files.ts';
import type { ModelPlaces } from './find-model.ts';

/** The world as the question sees it how a step `infer` runs here. */
export type ModelWorld = Pick<ModelPlaces, 'modelsDir' | 'environment'> & {
  /** The folder of this package, with gpu-image/ in it; absolute. */
  readonly root: string;
  readonly findEngines: (signal: AbortSignal) => Promise<FoundEngines>;
  /** Asked for where a model is an `s3://` prefix. */
  readonly openRemote: (signal: AbortSignal) => Promise<RemoteFiles>;
};
