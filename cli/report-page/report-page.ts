/** What the page of a report shows, ready to be written as text or drawn: types only, shared with the browser. */

/** A task that wrote what counts. Times in milliseconds since the origin of the timeline. */
export type TaskFacts = {
  /** Index into the stages of the page. */
  readonly stage: number;
  readonly task: string;
  readonly worker: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  /** What it read, or where its commit does not say, what it was expected to read. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rejected: number;
  /** Replaced by an amendment: it worked, and does not count. */
  readonly isVoid: boolean;
};

/** [lane, start ms, end ms, index of the task] */
export type Bar = readonly [lane: number, startMs: number, endMs: number, task: number];

/** What the runner itself did between the tasks. */
export type RunnerSpan = { readonly label: string; readonly startMs: number; readonly endMs: number };

export type Timeline = {
  readonly originAt: string;
  readonly endMs: number;
  /** Top to bottom: the runner's own, then the workers. */
  readonly lanes: readonly string[];
  readonly spans: readonly RunnerSpan[];
  readonly bars: readonly Bar[];
};

/** What became of the rows at a place. */
export const FLOW_KINDS = ['kept', 'dropped', 'folded', 'cut', 'rejected'] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

/** A place that rows pass: the reader of a stage, or a step in it. */
export type FlowPlace = {
  readonly stage: string;
  readonly place: string;
  readonly rowsIn: number;
  readonly grown: number;
  readonly dropped: number;
  readonly folded: number;
  readonly cut: number;
  readonly rejected: number;
  readonly rowsOut: number;
};

/** The partitions that one stage wrote, each summed over its tasks, in partition order. */
export type Shuffle = {
  readonly stage: string;
  readonly tasks: number;
  readonly partitions: number;
  readonly bytes: number;
  readonly rows: number;
  readonly medianBytes: number;
  readonly largest: { readonly partition: number; readonly bytes: number; readonly rows: number };
  /** Partitions of each bar: 1, or more where there are too many to draw; a bar then shows its largest. */
  readonly partitionsPerBar: number;
  readonly bars: readonly (readonly [bytes: number, rows: number])[];
};

/** The part of a page that is drawn. */
export type Charts = {
  readonly stages: readonly string[];
  readonly tasks: readonly TaskFacts[];
  readonly timeline: Timeline;
  readonly flow: readonly FlowPlace[];
  readonly shuffles: readonly Shuffle[];
};

export type StageSummary = {
  readonly stage: string;
  readonly kind: string;
  readonly tasks: number;
  readonly adopted: number;
  readonly workers: number;
  readonly seconds: number;
  /** Undefined where the plan does not know. */
  readonly expectedSeconds: number | undefined;
  /** Share of the workers' time, from the first start to the last end, that tasks filled. */
  readonly busyShare: number;
  readonly medianSeconds: number;
  readonly slowestSeconds: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
};

export type SlowTask = {
  readonly stage: string;
  readonly task: string;
  readonly worker: string;
  readonly seconds: number;
  /** Against the median of its stage. */
  readonly ratio: number;
  readonly bytesRead: number;
  readonly bytesRatio: number;
  readonly rowsRead: number;
  readonly rowsRatio: number;
  readonly why: string;
};

/** Tasks of a stage that others took the place of. */
export type Amended = {
  readonly stage: string;
  readonly voided: number;
  readonly tasks: number;
  readonly reason: string;
};

/** An attempt of a task that failed, and was followed by another or by the end of the job. */
export type FailedAttempt = {
  readonly stage: string;
  readonly task: string;
  readonly worker: string;
  readonly name: string;
  readonly message: string;
};

export type RejectCount = { readonly cause: string; readonly column: string; readonly rows: number };

export type Fact = { readonly label: string; readonly value: string; readonly note?: string };

export type PageStage = {
  readonly stage: string;
  readonly tasks: number;
  readonly format: string;
  /** Undefined where the plan does not know. */
  readonly inputBytes: number | undefined;
  readonly expected: string | undefined;
  readonly steps: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
};

export type ReportPage = {
  readonly name: string;
  readonly job: string;
  readonly run: string;
  readonly outcome: string;
  readonly sentence: string;
  readonly deadline: string | undefined;
  readonly failure: { readonly name: string; readonly message: string; readonly remedy: string } | undefined;
  readonly facts: readonly Fact[];
  readonly stages: readonly StageSummary[];
  readonly flowPlaces: readonly FlowPlace[];
  readonly slow: readonly SlowTask[];
  /** Undefined where the causes cannot be read any more. */
  readonly rejects: readonly RejectCount[] | undefined;
  readonly rejectedRows: number;
  readonly amended: readonly Amended[];
  readonly failed: readonly FailedAttempt[];
  /** Beyond those that are listed. */
  readonly moreFailed: number;
  readonly plan: readonly PageStage[];
  readonly input: {
    readonly format: string;
    readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
    readonly moreFiles: number;
  };
  readonly output: {
    readonly uri: string;
    readonly format: string;
    readonly parts: number;
    readonly sizeBytes: number;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
  };
  readonly versions: readonly Fact[];
  readonly spec: string;
  readonly charts: Charts;
};
