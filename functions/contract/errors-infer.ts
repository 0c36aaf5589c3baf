import { DaybreakError, type Problem, renderProblem } from './errors.ts';

/** The model of a step is not there, or is none that may run here. */
export class ModelError extends DaybreakError {
  override readonly name = 'ModelError';

  /** `problem` goes on from "the model NAME": `has no safetensors`. */
  constructor(facts: { readonly model: string; readonly problem: string }, options?: ErrorOptions) {
    super(`the model ${facts.model} ${facts.problem}`, options);
  }
}

/** No engine of this machine, and no endpoint, can run the step. `wanted` is what the spec says. */
export class EngineMissingError extends DaybreakError {
  override readonly name = 'EngineMissingError';

  constructor(facts: { readonly wanted: string; readonly problem: string }, options?: ErrorOptions) {
    super(`the engine ${facts.wanted} cannot run here: ${facts.problem}`, options);
  }
}

/** The engine does not come up, with what it was given and with less. */
export class EngineStartError extends DaybreakError {
  override readonly name = 'EngineStartError';

  constructor(facts: { readonly model: string; readonly problem: string }, options?: ErrorOptions) {
    super(`the engine does not start with the model ${facts.model}: ${facts.problem}`, options);
  }
}

/** The engine comes up and cannot do what the step asks of it: a shape, an expression, a parameter. */
export class EngineRefusalError extends DaybreakError {
  override readonly name = 'EngineRefusalError';

  constructor(facts: { readonly model: string; readonly problem: string }, options?: ErrorOptions) {
    super(`the step with the model ${facts.model} cannot be run: ${facts.problem}`, options);
  }
}

/** The engine died again and again, whatever rows it had. */
export class EngineDiedError extends DaybreakError {
  override readonly name = 'EngineDiedError';

  constructor(facts: { readonly worker: string; readonly problem: string }, options?: ErrorOptions) {
    super(`the engine of ${facts.worker} ${facts.problem}`, options);
  }
}

/** An endpoint refuses all requests, whatever is in them. Never has its key in it. */
export class EndpointError extends DaybreakError {
  override readonly name = 'EndpointError';

  constructor(facts: { readonly endpoint: string; readonly problem: string }, options?: ErrorOptions) {
    super(`the endpoint ${facts.endpoint} ${facts.problem}`, options);
  }
}

/** The settings of endpoints cannot be used; carries every problem found. Never has a key in it. */
export class EndpointSettingsError extends DaybreakError {
  override readonly name = 'EndpointSettingsError';
  readonly problems: readonly EndpointProblem[];

  constructor(problems: readonly EndpointProblem[], options?: ErrorOptions) {
    const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
    const lines = problems.map(({ file, ...problem }) => `  ${renderProblem(problem, file)}`);
    super(`the settings of endpoints cannot be used (${count})\n${lines.join('\n')}`, options);
    this.problems = problems;
  }
}

/** `path` is that in the file, or the name of an environment variable. */
export type EndpointProblem = Problem & { readonly file?: string };

/** A worker was told to end, by whoever runs its machine, before its tasks were done. */
export class WorkerStoppedError extends DaybreakError {
  override readonly name = 'WorkerStoppedError';

  constructor(facts: { readonly worker: string }, options?: ErrorOptions) {
    super(`the worker ${facts.worker} was stopped before its tasks were done`, options);
  }
}
