/** A Python with vLLM in it, and what that vLLM was built for. */
export type FoundVllm = {
  readonly python: string;
  readonly version: string;
  readonly device: 'cuda' | 'cpu';
};

/** What was found on this machine, and what its user has configured. */
export type FoundEngines = {
  /** By the names that the driver gives them. */
  readonly gpus: readonly string[];
  readonly vllms: readonly FoundVllm[];
  /** `models`: those that the endpoint serves, where its configuration says so. */
  readonly endpoints: readonly { readonly name: string; readonly models?: readonly string[] | undefined }[];
  /** Sentences on what was looked at and cannot be used. */
  readonly notes: readonly string[];
};

export type ChosenEngine =
  | { readonly kind: 'vllm'; readonly vllm: FoundVllm; readonly because: string }
  | { readonly kind: 'endpoint'; readonly name: string; readonly because: string };
export type EngineChoice = ChosenEngine | { readonly kind: 'none'; readonly problem: string };

const SET_UP =
  '`npm run setup:vllm` sets up vLLM for the CPU in the checkout (3 minutes, 3 GB), and docs/endpoints.md says how to configure an endpoint';

const listOf = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

const versionOf = ({ version, device }: FoundVllm): string =>
  device === 'cuda' ? `vLLM ${version}` : `vLLM ${version} for the CPU`;

const none = (problem: string, { notes }: FoundEngines): EngineChoice => ({
  kind: 'none',
  problem: [problem, ...notes].join('. '),
});

/** The vLLM of this machine: on its GPU where it has both, else its CPU build. */
const chooseVllm = ({ gpus, vllms }: FoundEngines): ChosenEngine | undefined => {
  const onGpu = vllms.find(({ device }) => device === 'cuda');
  const onCpu = vllms.find(({ device }) => device === 'cpu');
  const [gpu] = gpus;
  if (gpu !== undefined && onGpu !== undefined)
    return { kind: 'vllm', vllm: onGpu, because: `${versionOf(onGpu)} on this machine's ${gpu}` };
  if (onCpu === undefined) return undefined;
  const reason = gpu === undefined ? 'there is no GPU here' : `no vLLM for the ${gpu} was found here`;
  return { kind: 'vllm', vllm: onCpu, because: `${versionOf(onCpu)}: ${reason}` };
};

const chooseEndpoint = (found: FoundEngines, name: string): EngineChoice => {
  const names = found.endpoints.map((endpoint) => endpoint.name);
  if (names.includes(name)) return { kind: 'endpoint', name, because: 'the endpoint that the spec names' };
  const known =
    names.length === 0 ? 'no endpoint is configured' : `configured are the endpoints ${listOf(names)}`;
  return none(`${known}; docs/endpoints.md says how to configure one`, { ...found, notes: [] });
};

/** Where nothing runs here: the one endpoint that may have the model. */
const chooseOnlyEndpoint = (found: FoundEngines, model: string): EngineChoice => {
  const serving = found.endpoints.filter(({ models }) => models === undefined || models.includes(model));
  const [only, ...others] = serving;
  if (only === undefined) {
    const names = found.endpoints.map(({ name }) => name);
    const endpoints =
      names.length === 0
        ? 'no endpoint is configured'
        : `the configured endpoints ${listOf(names)} do not serve the model ${model}`;
    return none(`there is no vLLM on this machine, and ${endpoints}; ${SET_UP}`, found);
  }
  if (others.length > 0)
    return none(
      `there is no vLLM on this machine, and ${serving.length} endpoints may serve the model ${model}; name one of ${listOf(serving.map(({ name }) => name))} as \`engine\``,
      found,
    );
  const which = found.endpoints.length === 1 ? 'the one that is configured' : 'the one that serves the model';
  return {
    kind: 'endpoint',
    name: only.name,
    because: `the endpoint ${only.name}, ${which}: there is no vLLM on this machine`,
  };
};

/**
 * Decides what runs a step. `auto`: a local GPU, else vLLM's CPU build, else the one endpoint that is configured and
 * may have the model. Where nothing can, `problem` goes on from "the engine NAME cannot run here:".
 */
export const chooseEngine = (
  found: FoundEngines,
  { engine, model }: { readonly engine: string; readonly model: string },
): EngineChoice => {
  if (engine !== 'auto' && engine !== 'vllm') return chooseEndpoint(found, engine);
  const local = chooseVllm(found);
  if (local !== undefined) return local;
  if (engine === 'auto') return chooseOnlyEndpoint(found, model);
  const [gpu] = found.gpus;
  const missing = gpu === undefined ? 'there is no vLLM on this machine' : `no vLLM for the ${gpu} was found`;
  return none(`${missing}; ${SET_UP}`, found);
};
