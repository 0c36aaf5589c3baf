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

/** Says where a field that is unknown at this place belongs; `undefined` where nobody knows. */
export const adviseField = (path: SpecPath): string | undefined => {
  const name = String(path.at(-1));
  const isCsvOption = path.length === 3 && path[0] === 'input' && path[1] === 'csv';
  return isCsvOption && Object.hasOwn(CSV_OPTIONS_ELSEWHERE, name) ? CSV_OPTIONS_ELSEWHERE[name] : undefined;
};

/** The step that does what this word means elsewhere. */
export const adviseStep = (name: string): string | undefined => {
  const word = name.toLowerCase();
  return Object.hasOwn(STEPS_ELSEWHERE, word) ? STEPS_ELSEWHERE[word] : undefined;
};
