import { SpecError } from '../../functions/contract/errors.ts';
import type { FoundEngines } from '../../functions/core/choose-engine.ts';
import { judgeEndpointStep } from '../../functions/core/endpoints/judge-endpoint-step.ts';
import { renderSpecPath } from '../../functions/core/spec-path.ts';
import type { Endpoints } from '../../functions/io/endpoints/endpoint.ts';
import { type KnownEndpoints, loadEndpoints } from '../../functions/io/endpoints/load-endpoints.ts';
import { openEndpoints } from '../../functions/io/endpoints/open-endpoints.ts';
import { findWorker } from '../../functions/io/engines/find-worker.ts';
import type { EngineFacts, FindEngineFacts } from '../../functions/io/models/engine-facts.ts';
import { createFindEngineFacts } from '../../functions/io/models/find-engine-facts.ts';
import type { ModelWorld } from '../../functions/io/models/model-world.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { estimateStep } from '../../functions/stages/infer/estimate-step.ts';
import type { InferEngines } from '../../functions/stages/infer/infer-engines.ts';
import { openModelWorld } from '../model-world.ts';
import type { ModelWorkers } from './run-model-stage.ts';

export type ModelsPlace = {
  readonly store: ObjectStore;
  /** From which the file of endpoints is looked for upwards; absolute. */
  readonly folder: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Whether an endpoint is asked for its models, so that people know before a job what it would meet. */
  readonly looksAtEndpoints?: boolean;
};

/** How steps `infer` run on this machine. Nothing is looked for before a step asks. */
export type OpenModels = {
  readonly engines: InferEngines;
  readonly endpoints: Endpoints;
  readonly findWorker: ModelWorkers['findWorker'];
};

/** Looks at this machine and its endpoints for steps `infer`. Close the endpoints when the job has ended. */
export const openModels = ({
  store,
  folder,
  environment = process.env,
  looksAtEndpoints = false,
}: ModelsPlace): OpenModels => {
  const place = { environment, folder };
  let looked: Promise<Looked> | undefined;
  const look = (): Promise<Looked> => {
    looked ??= lookAround(place);
    return looked;
  };
  return {
    engines: {
      find: async (question) => {
        const { world, known } = await look();
        const facts = await createFindEngineFacts(world)(question);
        const { engine } = facts;
        return engine.kind === 'endpoint'
          ? askEndpoint({ known, name: engine.name, facts, looksAtEndpoints }, question)
          : facts;
      },
      estimate: (question) => estimateStep(store, question),
    },
    endpoints: openEndpoints(place),
    findWorker: async (step, signal) => findWorker((await look()).world, step, signal),
  };
};

type Looked = { readonly known: KnownEndpoints; readonly world: ModelWorld };

const lookAround = async (place: {
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
}): Promise<Looked> => {
  const known = await loadEndpoints(place);
  const endpoints = await listEndpoints(known);
  return { known, world: openModelWorld(endpoints, place.environment, known.keyVariables) };
};

/** One whose settings are wrong is there all the same: what is wrong is said to whoever names it. */
const listEndpoints = ({ names, settingsOf }: KnownEndpoints): Promise<FoundEngines['endpoints']> =>
  Promise.all(
    names.map(async (name) => {
      const settings = await settingsOf(name).catch(() => undefined);
      return { name, ...(settings?.models === undefined ? {} : { models: settings.models }) };
    }),
  );

/** Whether the endpoint can do all that the step asks for, and the length of its vectors, which only it knows. */
const askEndpoint = async (
  {
    known,
    name,
    facts,
    looksAtEndpoints,
  }: {
    readonly known: KnownEndpoints;
    readonly name: string;
    readonly facts: EngineFacts;
    readonly looksAtEndpoints: boolean;
  },
  { step, index, signal }: Parameters<FindEngineFacts>[0],
): Promise<EngineFacts> => {
  const settings = await known.settingsOf(name);
  const problems = judgeEndpointStep(step, settings, renderSpecPath(['steps', index, 'infer']));
  if (problems.length > 0) throw new SpecError(problems);
  const priced = settings.price === undefined ? facts : { ...facts, price: settings.price };
  if (step.task !== 'embed' && !looksAtEndpoints) return priced;
  // Most jobs ask no endpoint: they are spared the client.
  const { describeServed, probeDimensions } = await import(
    '../../functions/io/endpoints/look-at-endpoint.ts'
  );
  if (step.task === 'embed')
    return { ...priced, dimensions: await probeDimensions(settings, step.model, signal) };
  const note = await describeServed(settings, facts.adapter?.name ?? step.model, signal);
  return { ...priced, notes: [...facts.notes, note] };
};
