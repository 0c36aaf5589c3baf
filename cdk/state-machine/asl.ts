/** The part of the Amazon States Language that the state machine uses. @see https://states-language.net */

export type Retrier = {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy: 'FULL';
};

export type Catcher = {
  readonly ErrorEquals: readonly string[];
  /** `null` leaves the input of the state as it was. */
  readonly ResultPath: string | null;
  readonly Next: string;
};

/** A value, or under a name that ends in `.$` a path or an intrinsic function. */
export type PayloadTemplate = { readonly [name: string]: string | PayloadTemplate };

type Transition = { readonly Next: string } | { readonly End: true };

export type Task = Transition & {
  readonly Type: 'Task';
  readonly Comment?: string;
  readonly Resource: string;
  readonly Parameters: PayloadTemplate;
  readonly ResultPath?: string | null;
  readonly OutputPath?: string | null;
  readonly TimeoutSeconds: number;
  readonly Retry: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
};

export type DistributedMap = Transition & {
  readonly Type: 'Map';
  readonly Comment?: string;
  readonly Label: string;
  readonly ItemReader: {
    readonly Resource: string;
    readonly ReaderConfig: { readonly InputType: 'JSONL' };
    readonly Parameters: PayloadTemplate;
  };
  readonly ItemSelector: PayloadTemplate;
  readonly MaxConcurrencyPath: string;
  readonly ToleratedFailureCountPath: string;
  readonly ItemProcessor: Flow & {
    readonly ProcessorConfig: { readonly Mode: 'DISTRIBUTED'; readonly ExecutionType: 'STANDARD' };
  };
  readonly ResultPath: null;
  readonly Catch: readonly Catcher[];
};

export type Parallel = Transition & {
  readonly Type: 'Parallel';
  readonly Comment?: string;
  readonly Parameters: PayloadTemplate;
  readonly Branches: readonly [Flow];
  readonly ResultPath: null;
  readonly Catch: readonly Catcher[];
};

export type Choice = {
  readonly Type: 'Choice';
  readonly Comment?: string;
  readonly Choices: readonly {
    readonly Variable: string;
    readonly StringEquals: string;
    readonly Next: string;
  }[];
  readonly Default: string;
};

export type Fail = { readonly Type: 'Fail'; readonly Comment?: string } & (
  | { readonly Error: string; readonly Cause: string }
  | { readonly ErrorPath: string; readonly Cause: string }
  | { readonly ErrorPath: string; readonly CausePath: string }
);

export type Succeed = { readonly Type: 'Succeed'; readonly Comment?: string };

export type State = Task | DistributedMap | Parallel | Choice | Fail | Succeed;

export type Flow = { readonly StartAt: string; readonly States: Readonly<Record<string, State>> };

export type Definition = Flow & {
  readonly Comment: string;
  readonly QueryLanguage: 'JSONPath';
  /** Of one execution: without it, one that hangs is there for a year. */
  readonly TimeoutSeconds: number;
};
