import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { DaybreakError, type Problem } from '../contract/errors.ts';
import { MODULE_LIMITS, type ModuleStep } from '../contract/module-step.ts';
import { foldColumnName, type UserModule } from '../contract/spec-values.ts';
import { parseDuration } from '../core/parse-duration.ts';
import { renderSpecPath } from '../core/spec-path.ts';
import { suggestName } from '../core/suggest-name.ts';
import { parseDuckDBType } from '../io/arrow/type-text.ts';
import { createCellReader } from '../io/modules/read-cell.ts';
import { createCellWriter } from '../io/modules/write-cell.ts';
import { parseExpressions } from '../io/parse-expressions.ts';
import { describeColumns, firstLineOf } from '../io/query-rows.ts';
import { quoteIdentifier } from '../sql/quote.ts';

export type ModuleToBind = {
  readonly kind: ModuleStep['kind'];
  /** Position in the spec, from 0. */
  readonly step: number;
  /** Where `given` stands in the spec: `['steps', 2, 'map']`. */
  readonly path: readonly (string | number)[];
  readonly given: UserModule;
  /** The columns before the step. */
  readonly columns: readonly Column[];
  /** Of map_groups. */
  readonly keys?: readonly Column[];
};

/** A step whose bundle is not known yet. */
export type BoundModuleStep = Omit<ModuleStep, 'module'>;

/**
 * Finds the columns that a module's function gets and the engine's names of the types that it returns, and
 * fills in what the spec leaves out. Problems are reported with their places, all together; the step is
 * undefined where there is one.
 */
export const bindModuleStep = async (
  connection: DuckDBConnection,
  module: ModuleToBind,
): Promise<{ readonly step: BoundModuleStep | undefined; readonly problems: readonly Problem[] }> => {
  const problems: Problem[] = [];
  const input = bindInput(module, problems);
  const columns = await bindOutput(connection, module, problems);
  if (problems.length > 0) return { step: undefined, problems };
  return {
    problems,
    step: {
      kind: module.kind,
      step: module.step,
      columns: [...columns],
      input: [...input],
      keys: [...(module.keys ?? [])],
      ...settingsOf(module),
    },
  };
};

const settingsOf = ({ kind, given }: ModuleToBind) => {
  const isWide = kind === 'map_batches' || kind === 'map_groups';
  return {
    batchRows: given.batch_rows ?? MODULE_LIMITS.batchRows,
    concurrency: given.concurrency ?? (isWide ? MODULE_LIMITS.wideConcurrency : MODULE_LIMITS.concurrency),
    timeoutSeconds:
      (given.timeout === undefined ? undefined : parseDuration(given.timeout)) ?? MODULE_LIMITS.callSeconds,
  };
};

/** The named columns, under the names that the spec gives them: case does not count in finding them. */
const bindInput = (module: ModuleToBind, problems: Problem[]): readonly Column[] => {
  const { given, columns } = module;
  const byName = new Map(columns.map((column) => [foldColumnName(column.name), column]));
  const input = (given.columns ?? columns.map(({ name }) => name)).flatMap((name, index) => {
    const path = renderSpecPath([...module.path, 'columns', index]);
    const column = byName.get(foldColumnName(name));
    if (column !== undefined) return [{ column: { name, type: column.type }, path }];
    const known = columns.map((each) => each.name);
    const suggestion = suggestName(name, known);
    const message = `there is no column ${name}${known.length <= 12 ? `; the columns here are ${known.join(', ')}` : ''}.`;
    problems.push({ path, message, ...(suggestion === undefined ? {} : { suggestion }) });
    return [];
  });
  for (const { column, path } of input)
    judgeType(
      createCellReader,
      column,
      { path, advice: 'cast it before, or leave it out of `columns`' },
      problems,
    );
  return input.map(({ column }) => column);
};

const bindOutput = async (
  connection: DuckDBConnection,
  module: ModuleToBind,
  problems: Problem[],
): Promise<readonly Column[]> => {
  const entries = Object.entries(module.given.output);
  // Parsed as the type of a cast, so that nothing but a type gets through.
  const parsed = await parseExpressions(
    connection,
    entries.map(([name, type]) => ({
      path: renderSpecPath([...module.path, 'output', name]),
      text: `CAST(NULL AS ${type})`,
      form: 'value',
    })),
  );
  const columns: Column[] = [];
  for (const [index, [name, type]] of entries.entries()) {
    const { expression, source } = parsed[index] ?? {};
    const path = source?.path ?? '';
    if (expression?.kind !== 'cast' || expression.child.kind !== 'constant') {
      problems.push({ path, message: `${type} is not a type that a module can return.` });
      continue;
    }
    const sql = `(SELECT CAST(NULL AS ${expression.type}) AS ${quoteIdentifier(name)})`;
    const column = await describe(connection, sql);
    if (typeof column === 'string') {
      problems.push({ path, message: `${type} is not a type that a module can return: ${column}.` });
      continue;
    }
    judgeType(
      createCellWriter,
      column,
      { path, advice: 'declare a type that docs/modules.md lists' },
      problems,
    );
    columns.push(column);
  }
  return columns;
};

/** The one column of a FROM item, or the engine's reason against it. */
const describe = async (connection: DuckDBConnection, from: string): Promise<Column | string> => {
  try {
    const [column] = await describeColumns(connection, from);
    return column ?? 'the engine knows no such type';
  } catch (error) {
    return firstLineOf(error);
  }
};

/** Reports a type that cannot cross to or from a module. */
const judgeType = (
  create: (type: ReturnType<typeof parseDuckDBType>) => unknown,
  { name, type }: Column,
  { path, advice }: { readonly path: string; readonly advice: string },
  problems: Problem[],
): void => {
  try {
    create(parseDuckDBType(type));
  } catch (error) {
    if (!(error instanceof DaybreakError)) throw error;
    problems.push({
      path,
      message: `the column ${name} is of type ${type.slice(0, 200)}, which cannot cross to or from a module: ${advice}.`,
    });
  }
};
