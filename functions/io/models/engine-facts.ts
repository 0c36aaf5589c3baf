import type { EndpointPrice } from '../../contract/endpoint-settings.ts';
import type { InferStep, Sampling } from '../../contract/infer-step.ts';
import type {
  InferRequest,
  PlannedAdapter,
  PlannedEngine,
  PlannedModel,
} from '../../contract/planned-infer.ts';

/** How the worker of gpu-image/ is started for a step: `{python} -m daybreak_worker ...`. */
export type WorkerCommand = {
  /** Absolute path of a Python that has vLLM and what the worker needs. */
  readonly python: string;
  /**
   * Variables to add to those of this process, PYTHONPATH with the worker among them. An empty value is there to
   * override one that would do harm.
   */
  readonly environment: (share: {
    readonly threads: number;
    readonly memoryBytes: number;
  }) => Readonly<Record<string, string>>;
};

/** Tokens of requests, in their order. */
export type TokenCounts = {
  readonly tokens: readonly number[];
  /** Whether the engine will count the same. Where not, `because` says what is missing. */
  readonly isExact: boolean;
  readonly because?: string;
};

/** What this machine and the model say about a step `infer`. */
export type EngineFacts = {
  readonly engine: PlannedEngine;
  readonly model: PlannedModel;
  readonly adapter?: PlannedAdapter;
  /** Of `embed`: the length of a vector; undefined for an endpoint, where the spec or a probe must say it. */
  readonly dimensions?: number;
  /** Prompt and answer together; undefined where nobody here knows. The same as `model.contextTokens`. */
  readonly contextTokens?: number;
  /**
   * What the model's makers advise (generation_config.json), and what vLLM's own server takes where a request is
   * silent. The spec's `sampling` goes before it.
   */
  readonly sampling?: Sampling;
  /** Prompt tokens of requests, special tokens and chat template included; undefined without a tokenizer here. */
  readonly countTokens?: (requests: readonly InferRequest[]) => Promise<TokenCounts>;
  /** A sentence for `daybreak plan`: which engine, and why it. */
  readonly because: string;
  /** Further sentences for `daybreak plan`: what could not be found out, and what follows. */
  readonly notes: readonly string[];
  /** What speeds are compared by, as in `InferFigures.machine`; of an endpoint its name. */
  readonly machine: string;
  /** Of an endpoint whose prices are configured. */
  readonly price?: EndpointPrice;
  /** Undefined for an endpoint: its rows are sent by TypeScript. */
  readonly worker?: WorkerCommand;
};

/**
 * Finds how a step runs here. Fails with ModelError, EngineMissingError; with SpecError where the model does not fit
 * the task, at the step's place in the spec.
 */
export type FindEngineFacts = (question: {
  readonly step: InferStep;
  /** Position of the step in the spec, for problems. */
  readonly index: number;
  /** The spec's list `lora`. */
  readonly adapters: readonly { readonly name: string; readonly model: string }[];
  /** The folder that relative paths start from; absolute. */
  readonly baseDir: string;
  /** That the engine may use. */
  readonly threads: number;
  readonly signal: AbortSignal;
}) => Promise<EngineFacts>;
