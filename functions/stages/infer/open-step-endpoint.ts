import { EngineMissingError } from '../../contract/errors-infer.ts';
import type { Endpoint } from '../../io/endpoints/endpoint.ts';
import type { StageContext } from '../stage-context.ts';
import type { TaskWork } from '../task-work.ts';
import { inferStepOf } from './infer-step-of.ts';

/** The endpoint that a stage's step names. Fails with EngineMissingError, EndpointSettingsError. */
export const openStepEndpoint = async (
  { endpoints }: Pick<StageContext, 'endpoints'>,
  { stage }: Pick<TaskWork, 'stage'>,
): Promise<Endpoint> => {
  const { engine } = inferStepOf(stage);
  if (engine.kind !== 'endpoint')
    throw new Error('a worker with vLLM runs this task, and no caller of endpoints');
  if (endpoints !== undefined) return endpoints.open(engine.name);
  throw new EngineMissingError({ wanted: engine.name, problem: 'no endpoint is asked from here' });
};
