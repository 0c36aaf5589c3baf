/** Names of the variables that the stack sets and the handlers read: nowhere else does a name of them stand. */
export const ENVIRONMENT = {
  /** The bucket of the state: `jobs/`, `b/`, `history/`, `slots/`, `waiting/`. */
  blocksBucket: 'DAYBREAK_BLOCKS_BUCKET',
  /** The bucket of `inbox/` and `results/`. */
  dataBucket: 'DAYBREAK_DATA_BUCKET',
  queueUrl: 'DAYBREAK_QUEUE_URL',
  stateMachineArn: 'DAYBREAK_STATE_MACHINE_ARN',
  /** The secret with the salted hashes of the API keys. */
  apiKeysSecretArn: 'DAYBREAK_API_KEYS_SECRET_ARN',
  /** Jobs that run at once: the number of slots. */
  mostJobs: 'DAYBREAK_MOST_JOBS',
  /** Children of a Map at once. */
  mostTasks: 'DAYBREAK_MOST_TASKS',
  /** Bytes of input that a map task reads, as the plan aims at. */
  sliceBytes: 'DAYBREAK_SLICE_BYTES',
  /** Keeps blocks of finished jobs: `true` or `false`. */
  keepBlocks: 'DAYBREAK_KEEP_BLOCKS',
  /** The inputs and outputs that a job of the inbox or of an API key without more may name: JSON, see AllowedUris. */
  allowedUris: 'DAYBREAK_ALLOWED_URIS',
} as const;

/** Variables by which a user of one machine says what runs a model there, and what the worker is told. */
export const ENGINE_VARIABLES = {
  /** A Python that has vLLM, pyarrow, boto3 and jsonschema. Default: the one of `npm run setup:vllm`, or python3. */
  python: 'DAYBREAK_VLLM_PYTHON',
  /** To the worker: what speeds are compared by, for `InferFigures.machine`. */
  machine: 'DAYBREAK_MACHINE',
} as const;

/** Outputs of the stack, by which the command line finds it. */
export const OUTPUTS = {
  blocksBucket: 'BlocksBucketName',
  dataBucket: 'DataBucketName',
  queueUrl: 'QueueUrl',
  deadLettersUrl: 'DeadLettersUrl',
  stateMachineArn: 'StateMachineArn',
  apiUrl: 'ApiUrl',
  apiKeysSecretArn: 'ApiKeysSecretArn',
} as const;

/**
 * The functions of the stack, by the file of their handler. `map` and `reduce` are one code under two names;
 * `modules` runs stages with functions of users.
 */
export const FUNCTIONS = [
  'split',
  'map',
  'reduce',
  'modules',
  'seal',
  'publish',
  'end',
  'start',
  'dispatch',
  'api',
  'authorizer',
  'monitor',
] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Functions that run tasks. Each has a sibling of the same code with more memory, for tasks that outgrow it. */
export const TASK_FUNCTIONS = ['map', 'reduce', 'modules'] as const satisfies readonly FunctionName[];
export type TaskFunctionName = (typeof TASK_FUNCTIONS)[number];
export type LargeFunctionName = `${TaskFunctionName}-large`;
