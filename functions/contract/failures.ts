/**
 * Every way in which a job, a task or a command can fail, by the name that a user, a log line and
 * the state machine's `ErrorEquals` see. `retry` says whether another attempt of the same task may
 * succeed; `exitCode` is what the `daybreak` command ends with.
 */
export type FailureRow = {
  /** `again-with-more-memory`: on a larger machine, then on half of the work. */
  readonly retry: 'never' | 'again' | 'again-with-more-memory';
  readonly exitCode: ExitCode;
  /** What the user can do. Shown after the error's own sentence where that does not say it. */
  readonly remedy: string;
};

/** Exit codes of the `daybreak` command. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  refused: 2,
  rejects: 3,
  late: 4,
  cancelled: 130,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

const { failed, refused, rejects, late, cancelled } = EXIT_CODES;

export const FAILURES = {
  SpecError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the spec; `daybreak validate` checks it without running.',
  },
  SubmissionError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the spec; docs/api.md says what a deployment takes.',
  },
  DeploymentError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Check --stack, --profile and --region, and that your credentials may do what is named.',
  },
  RequestError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the request; docs/api.md has every route.',
  },
  ForbiddenError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Use a key with that scope; `daybreak keys create --scope` makes one.',
  },
  UsageError: { retry: 'never', exitCode: refused, remedy: 'See `daybreak help`.' },
  SettingsError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the key `daybreak` of cdk.json; docs/operations.md lists the settings.',
  },
  NotBuiltError: { retry: 'never', exitCode: failed, remedy: 'Run `npm run build`, then the command again.' },
  NotYetError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'This version does not do it yet; leave it out.',
  },
  ExpressionError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the expression; docs/spec.md lists what is allowed.',
  },
  InputNotFoundError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Check the path or pattern under `input.uri`.',
  },
  InputFormatError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Give `input.format`, or correct the file.',
  },
  InputAccessError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Check credentials, region and endpoint, and what the caller may read.',
  },
  InputSchemaError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Give all files the same columns, or set `input.schema: union`.',
  },
  InputChangedError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Do not change input files while a job runs; submit the job again.',
  },
  TooManyRejectsError: {
    retry: 'never',
    exitCode: rejects,
    remedy:
      'Correct the rows, the module or the prompt and submit the job again; or `daybreak resume` it, which runs again what modules or engines rejected, on this machine with `--max-rejects` also under a higher limit.',
  },
  LimitError: { retry: 'never', exitCode: refused, remedy: 'See the limits in the README.' },
  GlobalAggregateError: {
    retry: 'never',
    exitCode: refused,
    remedy:
      'Give the group_by keys, use an aggregate that docs/aggregates.md calls algebraic, or run with one task.',
  },
  OutputExistsError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Choose another `output.uri`; `output.mode: overwrite` replaces an output that Daybreak wrote.',
  },
  OutputClaimedError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Wait for the other job, cancel it, or choose another `output.uri`.',
  },
  QueryError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Correct the expression or the data; `try_cast` turns a failed cast into NULL.',
  },
  ColumnTypeError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Cast the column to a type that docs/blocks.md lists.',
  },
  ColumnOverflowError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Cast the column to a narrower type; docs/blocks.md has the ranges.',
  },
  ModuleBundleError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the module, or install what it imports; docs/modules.md says what a module may hold.',
  },
  ModuleError: { retry: 'again', exitCode: failed, remedy: 'Correct the module, then submit the job again.' },
  ModuleTimeoutError: {
    retry: 'again',
    exitCode: failed,
    remedy: 'Look for a call that never returns; a call may take what `timeout` of its step says.',
  },
  ArrowFormatError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Check the file: it is damaged, cut short, or not Arrow IPC.',
  },
  TaskMemoryError: {
    retry: 'again-with-more-memory',
    exitCode: failed,
    remedy: 'Give more with --memory, or make more and smaller tasks with --map-tasks and --reduce-tasks.',
  },
  TaskTimeoutError: {
    retry: 'again-with-more-memory',
    exitCode: failed,
    remedy:
      'Give more tasks with tasks.map or tasks.reduce of the submission, or a longer timeout in the settings.',
  },
  WorkerDiedError: {
    retry: 'again',
    exitCode: failed,
    remedy:
      'A module must not end its process; what a worker printed says more. `daybreak resume` goes on with the job.',
  },
  TaskHungError: {
    retry: 'again',
    exitCode: failed,
    remedy:
      'Look for a loop without end in a module, or raise `timeout` of its step; a long init should be asynchronous.',
  },
  TaskDiskError: {
    retry: 'again',
    exitCode: failed,
    remedy: 'Free disk space in the work folder, or choose another with --workdir.',
  },
  BlockMissingError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Run `daybreak resume` for this job: the lost stage is run again.',
  },
  BlockCorruptError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Check the disk; then run `daybreak resume` for this job.',
  },
  ConservationError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'This is a defect of Daybreak: nothing was published. Please report it.',
  },
  ModelError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Check `model` of the step; docs/engines.md says which models run, and from where.',
  },
  EngineMissingError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Run `npm run setup:vllm`, or name an endpoint; docs/engines.md and docs/endpoints.md have both.',
  },
  EngineStartError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'Choose a smaller model or context, or a machine with more memory.',
  },
  EngineRefusalError: {
    retry: 'never',
    exitCode: failed,
    remedy:
      'Correct `schema`, `choice`, `regex` or `sampling` of the step; docs/infer.md says which expressions an engine takes.',
  },
  EngineDiedError: {
    retry: 'again',
    exitCode: failed,
    remedy: 'Look at what the worker printed; `daybreak resume` goes on with the job.',
  },
  EndpointError: {
    retry: 'never',
    exitCode: failed,
    remedy:
      'Check the address, the key and the model of the endpoint; `daybreak resume` goes on with a job that had begun.',
  },
  EndpointSettingsError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Correct the variable or the file; docs/endpoints.md has every field.',
  },
  WorkerStoppedError: {
    retry: 'again',
    exitCode: failed,
    remedy: 'The machine was taken away; `daybreak resume` goes on with the job.',
  },
  StoreError: {
    retry: 'again',
    exitCode: failed,
    remedy: 'Check that the folder or bucket that it names can be read and written.',
  },
  StateError: {
    retry: 'never',
    exitCode: failed,
    remedy: 'The state of this job was damaged or written by another version; submit the job again.',
  },
  JobNotFoundError: {
    retry: 'never',
    exitCode: refused,
    remedy:
      '`daybreak jobs` lists the jobs of the work folder, with --stack those of a deployment. A job that was just submitted is there within seconds.',
  },
  JobAtWorkError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Wait for its end, or `daybreak cancel` it; `daybreak resume` finishes a publish.',
  },
  JobExistsError: {
    retry: 'never',
    exitCode: refused,
    remedy: 'Choose another id or idempotency key, or run `daybreak resume`.',
  },
  NoReportError: {
    retry: 'never',
    exitCode: refused,
    remedy: '`daybreak status` shows where the job is; the report is there when it has ended.',
  },
  JobStoppedError: {
    retry: 'never',
    exitCode: failed,
    remedy: '`daybreak resume` goes on with the job; the log of the deployment says why it stopped.',
  },
  JobCancelledError: {
    retry: 'never',
    exitCode: cancelled,
    remedy: 'Run `daybreak resume` for this job to go on.',
  },
  InternalError: {
    retry: 'never',
    exitCode: failed,
    remedy:
      'This is a defect of Daybreak or of its deployment: the log of the function says more. Please report it; `daybreak resume` goes on with the job.',
  },
  DeadlineMissedError: { retry: 'never', exitCode: late, remedy: 'Give a later deadline or more resources.' },
} as const satisfies Record<string, FailureRow>;

export type FailureName = keyof typeof FAILURES;
