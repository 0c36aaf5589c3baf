/** Limits of a job spec. Each bounds the work that one document can ask of whoever reads it. */
export const SPEC_LIMITS = {
  /** A spec is written by hand or by a short program; a list of inputs longer than this is a folder. */
  documentBytes: 1_048_576,
  /** Lexical tokens of a document: bounds the parser where the bytes are nearly all punctuation. */
  documentTokens: 300_000,
  /** The schema nests 7 levels; the rest is for a JSON Schema in `infer.schema`. */
  documentDepth: 64,
  /** A stage is one statement, a level or two for each step, and DuckDB binds at most 1,000 levels. */
  steps: 300,
  /** DuckDB binds 20,000 columns in seconds; more is a mistake in the shape of the table. */
  columns: 20_000,
  /** Longer than any column that a format or an engine gives by itself. */
  columnNameLength: 1_024,
  /** An expression is text for people. */
  expressionLength: 65_536,
  /** A type with many nested fields still fits. */
  typeLength: 16_384,
  /** PATH_MAX of Linux; S3 keys are at most 1,024 bytes. */
  uriLength: 4_096,
  /** One folder or pattern stands for any number of files. */
  uris: 10_000,
  /** A template, a system text or an example; the data of a prompt comes from columns. */
  promptLength: 262_144,
  /** The most partitions of a shuffle (M x P is at most 4 million). */
  partitions: 10_000,
  /** `sort` keeps its rows in one task: there is no step that collects everything. */
  sortLimit: 10_000_000,
  /** DuckDB holds a whole line in memory, in several copies. */
  lineBytes: 1_073_741_824,
} as const;
