import { EngineMissingError } from '../../contract/errors-infer.ts';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import { chooseEngine } from '../../core/choose-engine.ts';
import { absentAsUndefined } from '../file-operations.ts';
import type { WorkerCommand } from '../models/engine-facts.ts';
import { openLocalModel } from '../models/model-files.ts';
import type { ModelWorld } from '../models/model-world.ts';
import { renderWorkerCommand } from './worker-command.ts';

/** As much as is known: of a model in S3 the worker makes room by itself. */
const weightBytesOf = async ({ name, place }: PlannedInferStep['model']): Promise<number> => {
  if (place === undefined || !place.startsWith('/')) return 0;
  const model = await absentAsUndefined(openLocalModel(place, name));
  const weights = (model?.files ?? []).filter((file) => file.name.endsWith('.safetensors'));
  return weights.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
};

/**
 * How the worker is started for a step that was planned before, perhaps on another day: the engines are looked for
 * again. Fails with EngineMissingError where vLLM is gone.
 */
export const findWorker = async (
  world: ModelWorld,
  { model }: Pick<PlannedInferStep, 'model'>,
  signal: AbortSignal,
): Promise<WorkerCommand> => {
  const { gpus, ...rest } = await world.findEngines(signal);
  const choice = chooseEngine({ gpus, ...rest }, { engine: 'vllm', model: model.name });
  if (choice.kind === 'none') throw new EngineMissingError({ wanted: 'vllm', problem: choice.problem });
  if (choice.kind === 'endpoint') throw new Error('vllm was asked for, and an endpoint chosen');
  const weightBytes = await weightBytesOf(model);
  return renderWorkerCommand({ vllm: choice.vllm, gpus, root: world.root, weightBytes });
};
