import * as z from 'zod';
import { SPEC_LIMITS } from './spec-limits.ts';

/**
 * The values that several parts of a spec share. The `error` of a schema is the phrase that a
 * problem begins with (`expected a column name`); what was found is added where problems are made.
 */

const CONTROL = '\\u0000-\\u001f';
const NO_CONTROL = `[^${CONTROL}]*`;
const text = (what: string) => z.string({ error: `expected ${what}` });

/** Folds case as DuckDB compares identifiers: ASCII letters only. */
export const foldColumnName = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Adds a problem at each name that repeats an earlier one, case aside. */
export const refuseRepeatedNames = (
  names: readonly { readonly name: string; readonly path: readonly (string | number)[] }[],
  add: (path: (string | number)[], message: string) => void,
): void => {
  const seen = new Map<string, string>();
  for (const { name, path } of names) {
    const first = seen.get(foldColumnName(name));
    if (first === undefined) seen.set(foldColumnName(name), name);
    else if (first === name) add([...path], `the column ${JSON.stringify(name)} is named twice`);
    else {
      const both = `${JSON.stringify(first)} and ${JSON.stringify(name)}`;
      add([...path], `${both} are one name: upper and lower case do not count in column names`);
    }
  }
};

const DATE_WITHOUT_QUOTES = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/;

export const Expression = text('an expression')
  .min(1)
  .max(SPEC_LIMITS.expressionLength)
  .superRefine((expression, context) => {
    if (!DATE_WITHOUT_QUOTES.test(expression)) return;
    const date = expression.trim();
    context.addIssue({
      code: 'custom',
      message: `${date} is a subtraction in SQL; a date is written DATE '${date}'`,
    });
  })
  .meta({
    id: 'Expression',
    description:
      "An SQL expression in DuckDB's dialect over the columns of the step before. A YAML number or boolean stands for itself.",
  });
export type Expression = z.infer<typeof Expression>;

export const ColumnName = text('a column name')
  .min(1)
  .max(SPEC_LIMITS.columnNameLength)
  .regex(new RegExp(`^${NO_CONTROL}$`), { error: 'a column name has no control characters' })
  .meta({ id: 'ColumnName', description: 'The name of a column. Upper and lower case do not count.' });
export type ColumnName = z.infer<typeof ColumnName>;

export const ColumnNames = z
  .array(ColumnName, { error: 'expected a list of column names' })
  .max(SPEC_LIMITS.columns)
  .superRefine((names, context) => {
    refuseRepeatedNames(
      names.map((name, index) => ({ name, path: [index] })),
      (path, message) => context.addIssue({ code: 'custom', path, message }),
    );
  });

/** Columns by name, at least one, no two that differ only in case. */
export const columnsOf = <Value extends z.ZodType>(value: Value, what: string) =>
  z.record(ColumnName, value, { error: `expected ${what}` }).superRefine((columns, context) => {
    const names = Object.keys(columns);
    const add = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (names.length === 0) add([], 'must name at least one column');
    if (names.length > SPEC_LIMITS.columns) add([], `must name at most ${SPEC_LIMITS.columns} columns`);
    refuseRepeatedNames(
      names.map((name) => ({ name, path: [name] })),
      add,
    );
  });

export const TypeText = text('a type such as BIGINT')
  .min(1)
  .max(SPEC_LIMITS.typeLength)
  .regex(new RegExp(`^(?!.*(--|/\\*))[A-Za-z_][^;'\\\\${CONTROL}]*$`), {
    error: 'expected a type such as BIGINT or DECIMAL(18,3)',
  })
  .meta({
    id: 'TypeText',
    description: "A type in DuckDB's words, for example `DECIMAL(18,3)` or `VARCHAR[]`.",
  });
export type TypeText = z.infer<typeof TypeText>;

export const DURATION_PATTERN =
  /^(?=\d)(?=.*[1-9])(?!.* (?: |$))(\d{1,6}d)? ?(\d{1,6}h)? ?(\d{1,6}m)? ?(\d{1,6}s)?$/;
const A_DURATION = 'a duration such as 90m or 1d 2h';

export const Duration = text(A_DURATION)
  .regex(DURATION_PATTERN, { error: `expected ${A_DURATION}` })
  .meta({
    id: 'Duration',
    description: 'Days, hours, minutes, seconds, in that order: `1d 2h`, `90m`, `45s`.',
  });
export type Duration = z.infer<typeof Duration>;

export const Uri = text('a path')
  .min(1)
  .max(SPEC_LIMITS.uriLength)
  .regex(new RegExp(`^${NO_CONTROL}$`), { error: 'a path has no control characters' })
  .regex(/^([sS]3:\/\/[^/]|(?![A-Za-z][A-Za-z0-9+.-]*:\/\/))/, {
    error: 'expected a local path or s3://bucket/prefix',
  })
  .meta({ id: 'Uri', description: 'A local path, or `s3://bucket/prefix`.' });
export type Uri = z.infer<typeof Uri>;

export const UserModule = z
  .strictObject(
    {
      module: text('the path of a module')
        .min(1)
        .max(SPEC_LIMITS.uriLength)
        .describe('The path of a TypeScript or JavaScript file, from the folder of the spec.'),
      export: text('the name of an export')
        .min(1)
        .default('default')
        .describe('The function that is called; docs/modules.md has one of each kind.'),
      columns: ColumnNames.min(1)
        .optional()
        .describe('The columns that the function gets. Default: all. Of map_groups: beside the keys.'),
      output: columnsOf(TypeText, 'a mapping of column to type').describe(
        'The columns that the function returns, with their types: they replace all columns.',
      ),
      options: z
        .record(z.string(), z.unknown(), { error: 'expected a mapping of options' })
        .optional()
        .describe('Given to the export `init` of the module, once per worker.'),
      batch_rows: z
        .int({ error: 'expected a whole number of rows' })
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('Rows of a batch of map_batches. Default: 2048.'),
      concurrency: z
        .int({ error: 'expected a whole number of calls' })
        .min(1)
        .max(10_000)
        .optional()
        .describe('Asynchronous calls open at once in one worker. Default: 16; 4 of batches and groups.'),
      timeout: Duration.optional().describe('The longest that one asynchronous call may take. Default: 5m.'),
    },
    { error: 'expected a mapping with module and output' },
  )
  .meta({ id: 'UserModule', description: "A user's function, bundled when the job is submitted." });
export type UserModule = z.infer<typeof UserModule>;
