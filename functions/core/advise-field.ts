import type { SpecPath } from './spec-path.ts';

/** Options of DuckDB's CSV reader that a spec says elsewhere. */
const CSV_OPTIONS_ELSEWHERE: Readonly<Record<string, string>> = {
  delimiter: 'it is `delim`',
  column_names: 'it is `names`',
  column_types: 'it is `types`',
  dtypes: 'it is `types`',
  date_format: 'it is `dateformat`',
  timestamp_format: 'it is `timestampformat`',
  maximum_line_size: 'it is `max_line_size`',
  null: 'it is `nullstr`',
  union_by_name: 'say `input.schema: union`',
  hive_partitioning: 'say `input.hive`',
  hive_types: 'cast the columns in a step',
  filename: 'say `input.filename`',
  ignore_errors: 'say `errors.max_rejects`',
  store_rejects: 'rejected rows are always kept',
  rejects_table: 'rejected rows are always kept',
  rejects_scan: 'rejected rows are always kept',
  rejects_limit: 'say `errors.max_rejects`',
  compression: "it is told by the ending of the file's name",
  auto_detect: 'what the options leave out is detected',
  buffer_size: 'Daybreak chooses it',
  parallel: 'Daybreak chooses it',
};

/** Where a word that other tools use for a step is said here. */
const STEPS_ELSEWHERE: Readonly<Record<string, string>> = {
  where: 'filter',
  having: 'filter',
  project: 'select',
  with_columns: 'extend',
  mutate: 'extend',
  add: 'extend',
  explode: 'unnest',
  flatten: 'unnest',
  order_by: 'sort',
  top: 'sort',
  limit: 'sort',
  head: 'sort',
  dedup: 'distinct',
  unique: 'distinct',
  aggregate: 'group_by',
  agg: 'group_by',
  reduce: 'group_by',
  llm: 'infer',
  predict: 'infer',
  embed: 'infer',
  apply: 'map',
};

const SAMPLING = ['temperature', 'top_p', 'top_k', 'min_p', 'max_tokens', 'min_tokens', 'stop'];

/** What other tools call the fields of a part of a spec. */
const FIELDS_ELSEWHERE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  input: {
    path: 'it is `uri`',
    paths: 'it is `uri`',
    file: 'it is `uri`',
    files: 'it is `uri`',
    source: 'it is `uri`',
    type: 'it is `format`',
  },
  output: { path: 'it is `uri`', file: 'it is `uri`', folder: 'it is `uri`', type: 'it is `format`' },
  csv: CSV_OPTIONS_ELSEWHERE,
  group_by: {
    by: 'it is `keys`',
    columns: 'it is `keys`',
    agg: 'it is `aggregates`',
    aggs: 'it is `aggregates`',
  },
  sort: {
    keys: 'it is `by`',
    columns: 'it is `by`',
    n: 'it is `limit`',
    top: 'it is `limit`',
    desc: 'write it after the expression: `by: n DESC`',
  },
  infer: Object.fromEntries(SAMPLING.map((name) => [name, `it is \`sampling.${name}\``])),
};

const lookUp = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Says where a field that is unknown at this place belongs; `undefined` where nobody knows. */
export const adviseField = (path: SpecPath): string | undefined =>
  lookUp(lookUp(FIELDS_ELSEWHERE, String(path.at(-2))) ?? {}, String(path.at(-1)));

/** The step that does what this word means elsewhere. */
export const adviseStep = (name: string): string | undefined => lookUp(STEPS_ELSEWHERE, name.toLowerCase());
