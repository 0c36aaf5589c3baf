import type { EndpointPrice } from '../../contract/endpoint-settings.ts';
import type { InferRequest, PlannedInferStep } from '../../contract/planned-infer.ts';
import type { RowReject } from './ask-failure.ts';
import type { PaceFigures } from './gate.ts';
import type { Usage } from './read-reply.ts';

/** A row that wants an answer. */
export type AskedRow = {
  /** Read for each try, so that what waits takes no memory. */
  readonly request: () => InferRequest;
  /** Of all its texts, about: by it requests share the memory. */
  readonly characters: number;
  readonly seed: number | undefined;
};

/** Of text, of `embed` (as many finite FLOATs as the step has dimensions), of `score`. */
export type Answer = string | readonly number[] | number;

export type RowAnswer =
  | {
      readonly answer: Answer;
      readonly finishReason: string | undefined;
      readonly usage: Usage;
      readonly reject?: never;
    }
  | {
      readonly reject: RowReject;
      /** Of a reply that is no answer: its tokens are paid for all the same. */
      readonly usage?: Usage;
      readonly answer?: never;
    };

/**
 * Gets the answer of one row, as often as it takes and no longer than that. Fails with EndpointError where the
 * endpoint answers nobody, and with the reason of the signal.
 */
export type AskRow = (row: AskedRow, signal: AbortSignal) => Promise<RowAnswer>;

/** One endpoint, open: its connections and its pace, shared by all who ask it in this process. */
export type Endpoint = {
  readonly name: string;
  /** The most requests open at once. */
  readonly concurrency: number;
  readonly price?: EndpointPrice;
  /**
   * Gets ready for a step. Fails with EndpointError. The step was judged before: core/endpoints/judge-endpoint-step.
   */
  readonly prepare: (step: PlannedInferStep, signal: AbortSignal) => Promise<AskRow>;
  readonly figures: () => PaceFigures;
  /** Whether it was found not to answer: who opens it again begins anew. */
  readonly isLost: () => boolean;
  readonly close: () => void;
};

/** The endpoints of a process, each opened once. */
export type Endpoints = {
  /** Fails with EngineMissingError, EndpointSettingsError. */
  readonly open: (name: string) => Promise<Endpoint>;
  readonly close: () => void;
};
