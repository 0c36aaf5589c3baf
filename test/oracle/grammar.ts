/**
 * Random data and random specs over it, with the plain SQL that gives the same answer for the whole file. A case
 * is a file's contents, its format and the steps; `render-sql.ts` renders the oracle.
 */
import fc from 'fast-check';
import { quoteIdentifier } from '../../functions/sql/quote.ts';
import {
  aggregatesOfTwo,
  algebraicAggregatesOf,
  conditionsOn,
  expressionsOver,
  type GrammarColumn,
  holisticAggregatesOf,
  shownAs,
} from './expressions.ts';
import { DATA_FORMATS, type DataFormat, TYPE_NAMES, type TypeName, VALUE_TYPES } from './value-types.ts';

export type TableColumn = { readonly name: string; readonly typeName: TypeName };
/** The rows of one file. */
export type Table = {
  readonly format: DataFormat;
  readonly columns: readonly TableColumn[];
  /** SQL expressions, one a column. */
  readonly rows: readonly (readonly string[])[];
  /** How often the rows stand in the file: many of them cross the limits of vectors and row groups. */
  readonly repeat: number;
};
export type Step =
  | { readonly filter: string }
  | { readonly select: Readonly<Record<string, string>> }
  | { readonly extend: Readonly<Record<string, string>> }
  | { readonly unnest: string }
  | { readonly distinct: true | readonly string[] }
  | {
      readonly group_by: {
        readonly keys: readonly string[];
        readonly aggregates: Readonly<Record<string, string>>;
      };
    }
  | { readonly repartition: { readonly by: readonly string[] } | { readonly partitions: number } }
  | { readonly sort: { readonly by: readonly string[]; readonly limit: number } };
export type Case = { readonly table: Table; readonly steps: readonly Step[] };

/** Names that only quoting carries through SQL. */
const COLUMN_NAMES = [
  ...['a', 'B2', 'select', 'with space', 'ünï', 'quo"te', "it's", '2'],
  // Names that the engine's own columns would have, were they not taken.
  ...['daybreak_rows', 'daybreak_partition', 'daybreak_states', 'Daybreak_Carried'],
];
const MAX_COLUMNS = 5;
const MAX_STEPS = 5;

/** Different elements in any order; fewer than `least` where there are not so many. */
const someOf = <T>(values: readonly T[], least: number, most: number): fc.Arbitrary<readonly T[]> =>
  fc.shuffledSubarray([...values], {
    minLength: Math.min(least, values.length),
    maxLength: Math.min(most, values.length),
  });

const columnsArbitrary = (format: DataFormat): fc.Arbitrary<readonly TableColumn[]> => {
  const types = TYPE_NAMES.filter((typeName) => VALUE_TYPES[typeName].storage[format] !== undefined);
  return fc
    .tuple(
      fc.shuffledSubarray(COLUMN_NAMES, { minLength: 1, maxLength: MAX_COLUMNS }),
      fc.array(fc.constantFrom(...types), { minLength: MAX_COLUMNS, maxLength: MAX_COLUMNS }),
    )
    .map(([names, chosen]) =>
      names.flatMap((name, index) => {
        const typeName = chosen[index];
        return typeName === undefined ? [] : [{ name, typeName }];
      }),
    );
};

/** Few different values in a column, so that rows meet in groups. */
const poolArbitrary = ({ typeName }: TableColumn): fc.Arbitrary<readonly string[]> =>
  fc
    .tuple(fc.array(VALUE_TYPES[typeName].value, { minLength: 1, maxLength: 6 }), fc.boolean())
    .map(([values, hasNull]) => (hasNull ? [...values, 'NULL'] : values));

const rowsArbitrary = (columns: readonly TableColumn[]): fc.Arbitrary<readonly (readonly string[])[]> =>
  fc.tuple(...columns.map(poolArbitrary)).chain((pools) => {
    const row = fc.tuple(...pools.map((pool) => fc.constantFrom(...pool)));
    return fc.oneof({ arbitrary: fc.array(row, { maxLength: 40 }), weight: 9 }, fc.constant([]));
  });

/** The contents of one file: any types that its format holds, NULLs, often equal values, sometimes no rows. */
export const dataArbitrary: fc.Arbitrary<Table> = fc.constantFrom(...DATA_FORMATS).chain((format) =>
  columnsArbitrary(format).chain((columns) =>
    fc.record({
      format: fc.constant(format),
      columns: fc.constant(columns),
      rows: rowsArbitrary(columns),
      repeat: fc.oneof({ arbitrary: fc.constant(1), weight: 3 }, fc.constant(300)),
    }),
  ),
);

const asked = (column: GrammarColumn) => ({ ...column, sql: quoteIdentifier(column.name) });

/** A step and the columns that it leaves. */
type Grown = { readonly step: Step; readonly columns: readonly GrammarColumn[] };
/** `index` is the position of the step, from which new columns have their names. */
type Growth = (columns: readonly GrammarColumn[], index: number) => fc.Arbitrary<Grown> | undefined;

type Named = { readonly column: GrammarColumn; readonly sql: string };
const nameResults = (
  results: readonly (Omit<GrammarColumn, 'name' | 'isExact'> & {
    readonly sql: string;
    readonly isExact?: boolean;
  })[],
  index: number,
): readonly Named[] =>
  results.map(({ sql, ...traits }, position) => ({
    sql,
    column: { isExact: true, ...traits, name: `x${index}_${position}` },
  }));

const toExpressions = (named: readonly Named[]): Readonly<Record<string, string>> =>
  Object.fromEntries(named.map(({ column, sql }) => [column.name, sql]));

const growFilter: Growth = (columns) => {
  const conditions = columns
    .filter(({ isExact }) => isExact)
    .flatMap((column) => conditionsOn(asked(column)));
  if (conditions.length === 0) return undefined;
  return fc.constantFrom(...conditions).map((filter) => ({ step: { filter }, columns }));
};

const growSelect: Growth = (columns, index) => {
  const results = columns.flatMap((column) => expressionsOver(asked(column)));
  return someOf(results, 1, 4).map((chosen) => {
    const named = nameResults(chosen, index);
    return { step: { select: toExpressions(named) }, columns: named.map(({ column }) => column) };
  });
};

const growExtend: Growth = (columns, index) => {
  const results = columns.flatMap((column) => expressionsOver(asked(column)));
  return someOf(results, 1, 2).map((chosen) => {
    const named = nameResults(chosen, index);
    const grown = [...columns, ...named.map(({ column }) => column)];
    return { step: { extend: toExpressions(named) }, columns: grown };
  });
};

const growUnnest: Growth = (columns) => {
  const lists = columns.filter(
    ({ kind, inner }) => (kind === 'list' || kind === 'array') && inner !== undefined,
  );
  if (lists.length === 0) return undefined;
  return fc.constantFrom(...lists).map(({ name, inner, isExact }) => ({
    step: { unnest: name },
    columns: columns.map((column) => (column.name === name && inner ? { ...inner, name, isExact } : column)),
  }));
};

const growDistinct: Growth = (columns) => {
  const exact = columns.filter(({ isExact }) => isExact);
  if (exact.length === 0) return undefined;
  const some = someOf(exact, 1, 3).map((kept): Grown => {
    return { step: { distinct: kept.map(({ name }) => name) }, columns: kept };
  });
  if (exact.length < columns.length) return some;
  return fc.oneof(some, fc.constant<Grown>({ step: { distinct: true }, columns }));
};

const growGroupBy: Growth = (columns, index) => {
  const exact = columns.filter(({ isExact }) => isExact);
  return someOf(exact, 0, 3).chain((keys) => {
    const over = columns.map(asked);
    // A holistic aggregate over all rows is a named error of a plan of many tasks.
    const holistic = keys.length === 0 ? [] : over.flatMap(holisticAggregatesOf);
    const pairs = over.flatMap((x) => over.filter((y) => x !== y).flatMap((y) => aggregatesOfTwo(x, y)));
    const all = [{ kind: 'integer', canSum: true, isFinite: true, sql: 'count(*)' } as const];
    const results = [...all, ...over.flatMap(algebraicAggregatesOf), ...holistic, ...pairs];
    return someOf(results, 1, 4).map((chosen) => {
      const named = nameResults(chosen, index);
      const step = { group_by: { keys: keys.map(({ name }) => name), aggregates: toExpressions(named) } };
      return { step, columns: [...keys, ...named.map(({ column }) => column)] };
    });
  });
};

const growSort: Growth = (columns) => {
  if (columns.some(({ isExact }) => !isExact)) return undefined;
  const orders = ['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'];
  return fc
    .tuple(
      someOf(columns, 1, 3),
      fc.array(fc.constantFrom(...orders), { minLength: 3, maxLength: 3 }),
      fc.constantFrom(1, 7, 1000),
    )
    .map(([keys, directions, limit]) => {
      const by = keys.map(({ name }, position) => `${quoteIdentifier(name)}${directions[position] ?? ''}`);
      return { step: { sort: { by, limit } }, columns };
    });
};

const growRepartition: Growth = (columns) => {
  const exact = columns.filter(({ isExact }) => isExact);
  const byNumber = fc.integer({ min: 1, max: 9 }).map((partitions) => ({ partitions }));
  const byColumns = someOf(exact, 1, 3).map((by) => ({ by: by.map(({ name }) => name) }));
  const forms = exact.length === 0 ? byNumber : fc.oneof(byNumber, byColumns);
  return forms.map((repartition) => ({ step: { repartition }, columns }));
};

const GROWTHS: readonly Growth[] = [
  ...[growFilter, growSelect, growExtend, growUnnest],
  ...[growDistinct, growGroupBy, growGroupBy, growSort, growRepartition],
];

const stepsArbitrary = (
  columns: readonly GrammarColumn[],
  index: number,
  length: number,
): fc.Arbitrary<{ readonly steps: readonly Step[]; readonly columns: readonly GrammarColumn[] }> => {
  if (index >= length) return fc.constant({ steps: [], columns });
  const grown = GROWTHS.map((grow) => grow(columns, index)).filter((arbitrary) => arbitrary !== undefined);
  return fc
    .oneof(...grown)
    .chain(({ step, columns: left }) =>
      stepsArbitrary(left, index + 1, length).map((rest) => ({ ...rest, steps: [step, ...rest.steps] })),
    );
};

/** The first step gives columns their types, where the file holds them as text. */
const renderCasts = ({ format, columns }: Table): readonly Step[] => {
  const casts = columns.map(({ name, typeName }) => {
    const { type, storage } = VALUE_TYPES[typeName];
    const sql = quoteIdentifier(name);
    return [name, storage[format] === 'itself' ? sql : `CAST(${sql} AS ${type})`];
  });
  if (casts.every(([name = '', sql]) => sql === quoteIdentifier(name))) return [];
  return [{ select: Object.fromEntries(casts) }];
};

/** The last step shows what is the same in every run. */
const renderShown = (columns: readonly GrammarColumn[]): readonly Step[] => {
  if (columns.every((column) => shownAs(asked(column)) === quoteIdentifier(column.name))) return [];
  return [{ select: Object.fromEntries(columns.map((column) => [column.name, shownAs(asked(column))])) }];
};

/** Random steps over the table: chains of every SQL step, whose result does not depend on the order of rows. */
export const specArbitrary = (table: Table): fc.Arbitrary<readonly Step[]> => {
  const columns = table.columns.map(({ name, typeName }) => ({
    ...VALUE_TYPES[typeName],
    name,
    isExact: true,
  }));
  return fc
    .integer({ min: 1, max: MAX_STEPS })
    .chain((length) => stepsArbitrary(columns, 0, length))
    .map(({ steps, columns: left }) => [...renderCasts(table), ...steps, ...renderShown(left)]);
};

export const caseArbitrary: fc.Arbitrary<Case> = dataArbitrary.chain((table) =>
  specArbitrary(table).map((steps) => ({ table, steps })),
);

/** Parameters for `fc.assert`: a seed that is printed, and the number of cases. */
export const announceSeed = (
  law: string,
  numRuns: number,
  seed = Date.now() % 2 ** 31,
): fc.Parameters<unknown> => {
  process.stderr.write(`${law}: seed ${seed}, ${numRuns} cases\n`);
  return { seed, numRuns };
};
