import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { ExpressionError, type Problem, SpecError } from '../contract/errors.ts';
import { EngineMissingError } from '../contract/errors-infer.ts';
import type { InferStep } from '../contract/infer-step.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import type { GroupByStep, Step } from '../contract/steps.ts';
import { checkExpression } from '../core/check-expression.ts';
import { columnsOf } from '../core/columns-of.ts';
import { type Expression, isPrunablePredicate, type Order } from '../core/expression.ts';
import type { ExpressionSource } from '../core/expression-problem.ts';
import { renderSpecPath } from '../core/spec-path.ts';
import { suggestName } from '../core/suggest-name.ts';
import { bindDecomposition } from '../io/bind-decomposition.ts';
import { bindExpressions, type ExpressionToBind } from '../io/bind-expressions.ts';
import type { EngineFacts } from '../io/models/engine-facts.ts';
import { type ParsedExpression, parseExpressions } from '../io/parse-expressions.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderExpression } from '../sql/render-expression.ts';
import { bindModuleStep, type ModuleToBind } from './bind-module-step.ts';
import { bindInferStep } from './infer/bind-infer-step.ts';

type Modules = Readonly<Record<string, string>>;

/** What steps `infer` need to know of where they run. */
export type InferBinding = {
  /** Of the job: each row gets its own from it. */
  readonly seed: number;
  /** Of the step at this position. Fails as FindEngineFacts does. */
  readonly findFacts: (step: InferStep, index: number) => Promise<EngineFacts>;
};

type Binder = {
  readonly modules: Modules;
  readonly infer: InferBinding | undefined;
  readonly connection: DuckDBConnection;
  readonly submittedAt: string;
  readonly parsed: ReadonlyMap<string, ParsedExpression>;
};

/** A step with the columns before it, and what is wrong with it. */
type Place = { readonly step: number; readonly columns: readonly Column[]; readonly problems: Problem[] };

/**
 * Checks the expressions of all steps against the allow-list and binds them, step by step, against the columns
 * that the step before leaves. Fails with ExpressionError, of a step `infer` SpecError: all that cannot be parsed anywhere,
 * and all problems of the first step that has one (the columns after it are not known).
 */
export const bindSteps = async (
  connection: DuckDBConnection,
  job: {
    readonly steps: readonly Step[];
    readonly columns: readonly Column[];
    readonly submittedAt: string;
    /** Hashes of the bundles, by the paths in the spec. */
    readonly modules?: Modules | undefined;
    /** Absent where no step `infer` may run. */
    readonly infer?: InferBinding;
  },
): Promise<readonly PlannedStep[]> => {
  const sources = job.steps.flatMap(sourcesOf);
  const parsed = await parseExpressions(connection, sources);
  const unparsed = parsed
    .filter(({ expression }) => expression === undefined)
    .flatMap(({ problems }) => problems);
  const byPath = new Map(parsed.map((each) => [each.source.path, each]));
  const binder: Binder = {
    modules: job.modules ?? {},
    infer: job.infer,
    connection,
    submittedAt: job.submittedAt,
    parsed: byPath,
  };
  const planned: PlannedStep[] = [];
  let columns = job.columns;
  for (const [index, step] of job.steps.entries()) {
    const place: Place = { step: index, columns, problems: [] };
    const bound = await bindStep(binder, step, place);
    if (place.problems.length > 0) {
      const others = unparsed.filter(
        (problem) => !place.problems.some((known) => known.path === problem.path),
      );
      const problems = [...place.problems, ...others];
      throw 'infer' in step ? new SpecError(problems) : new ExpressionError(problems);
    }
    if (bound === undefined) continue;
    planned.push(bound);
    columns = bound.columns;
  }
  return planned;
};

const pathOf = (step: number, ...fields: readonly (string | number)[]): string =>
  renderSpecPath(['steps', step, ...fields]);

type SortKeys = string | readonly string[];

/** The keys of a sort with their places; one key may stand alone, without a list. */
const sortKeysOf = (
  step: number,
  by: SortKeys,
): readonly { readonly path: string; readonly text: string }[] =>
  typeof by === 'string'
    ? [{ path: pathOf(step, 'sort', 'by'), text: by }]
    : by.map((text, key) => ({ path: pathOf(step, 'sort', 'by', key), text }));

/** Every expression of a step with its place in the spec. */
export const sourcesOf = (step: Step, index: number): ExpressionSource[] => {
  const named = (
    name: string,
    record: Readonly<Record<string, string>>,
    ...parents: string[]
  ): ExpressionSource[] =>
    Object.entries(record).map(([column, text]) => ({
      path: pathOf(index, name, ...parents, column),
      text,
      form: 'value',
    }));
  if ('filter' in step) return [{ path: pathOf(index, 'filter'), text: step.filter, form: 'value' }];
  if ('select' in step) return named('select', step.select);
  if ('extend' in step) return named('extend', step.extend);
  if ('group_by' in step) return named('group_by', step.group_by.aggregates ?? {}, 'aggregates');
  if ('sort' in step) {
    return sortKeysOf(index, step.sort.by).map((key) => ({ ...key, form: 'sort key' }));
  }
  return [];
};

const bindStep = async (binder: Binder, step: Step, place: Place): Promise<PlannedStep | undefined> => {
  if ('filter' in step) return bindFilter(binder, place);
  if ('select' in step) return bindProject(binder, place, { select: step.select });
  if ('extend' in step) return bindProject(binder, place, { extend: step.extend });
  if ('unnest' in step) return bindUnnest(place, step.unnest);
  if ('distinct' in step) return bindDistinct(place, step.distinct);
  if ('repartition' in step) return bindRepartition(place, step.repartition);
  if ('group_by' in step) return bindGroupBy(binder, place, step.group_by);
  if ('sort' in step) return bindSort(binder, place, step.sort);
  if ('map' in step) return bindModule(binder, place, { kind: 'map', path: ['map'], given: step.map });
  if ('flat_map' in step) {
    return bindModule(binder, place, { kind: 'flat_map', path: ['flat_map'], given: step.flat_map });
  }
  if ('map_batches' in step) {
    return bindModule(binder, place, { kind: 'map_batches', path: ['map_batches'], given: step.map_batches });
  }
  if ('infer' in step) return bindInfer(binder, place, step.infer);
  throw new Error(`the step ${Object.keys(step)[0]} was not refused before it was bound`);
};

type Checked = { readonly path: string; readonly expression: Expression; readonly order: Order | undefined };

/** The checked expression of a path; undefined where it has a problem, which is then reported. */
const checkAt = (
  binder: Binder,
  place: Place,
  use: { readonly path: string; readonly keys?: readonly string[] },
): Checked | undefined => {
  const parsed = binder.parsed.get(use.path);
  if (parsed === undefined) throw new Error(`${use.path} was not parsed`);
  place.problems.push(...parsed.problems);
  if (parsed.expression === undefined) return undefined;
  const { expression, problems } = checkExpression(parsed.source, parsed.expression, {
    columns: place.columns,
    use: use.keys === undefined ? 'scalar' : 'aggregate',
    ...(use.keys === undefined ? {} : { keys: use.keys }),
    submittedAt: binder.submittedAt,
  });
  place.problems.push(...problems);
  return problems.length + parsed.problems.length > 0
    ? undefined
    : { path: use.path, expression, order: parsed.order };
};

type BoundExpression = { readonly sql: string; readonly uses: string[]; readonly type: string };

/** The types of expressions that were all checked well; undefined where one was not, or does not bind. */
const bindAll = async (
  binder: Binder,
  place: Place,
  checked: readonly (Checked | undefined)[],
  more: { readonly keys?: readonly string[]; readonly expects?: 'BOOLEAN' } = {},
): Promise<readonly BoundExpression[] | undefined> => {
  const good = checked.filter((each) => each !== undefined);
  const toBind: ExpressionToBind[] = good.map(({ path, expression }) => ({
    path,
    expression,
    ...(more.expects === undefined ? {} : { expects: more.expects }),
  }));
  const bound = await bindExpressions(binder.connection, toBind, {
    columns: place.columns,
    ...(more.keys === undefined ? {} : { keys: more.keys }),
  });
  place.problems.push(...bound.problems);
  if (place.problems.length > 0) return undefined;
  return good.map(({ expression }, index) => ({
    sql: renderExpression(expression),
    uses: [...columnsOf(expression)],
    type: bound.types[index] ?? 'NULL',
  }));
};

const bindFilter = async (binder: Binder, place: Place): Promise<PlannedStep | undefined> => {
  const checked = checkAt(binder, place, { path: pathOf(place.step, 'filter') });
  const bound = await bindAll(binder, place, [checked], { expects: 'BOOLEAN' });
  const [predicate] = bound ?? [];
  if (predicate === undefined || checked === undefined) return undefined;
  return {
    kind: 'filter',
    step: place.step,
    columns: [...place.columns],
    predicate: predicate.sql,
    uses: predicate.uses,
    isPrunable: isPrunablePredicate(checked.expression),
  };
};

const bindProject = async (
  binder: Binder,
  place: Place,
  given:
    | { readonly select: Readonly<Record<string, string>> }
    | { readonly extend: Readonly<Record<string, string>> },
): Promise<PlannedStep | undefined> => {
  const [kind, record] = 'select' in given ? ['select', given.select] : ['extend', given.extend];
  const names = Object.keys(record);
  const checked = names.map((name) => checkAt(binder, place, { path: pathOf(place.step, kind, name) }));
  const bound = await bindAll(binder, place, checked);
  if (bound === undefined) return undefined;
  const added = nameAll(names, bound);
  const all = kind === 'select' ? added : extendColumns(place.columns, added);
  return {
    kind: 'project',
    step: place.step,
    columns: all.map(({ name, type }) => ({ name, type })),
    expressions: all.map(({ type: _, ...expression }) => expression),
  };
};

type NamedColumn = Column & { readonly sql: string; readonly uses: string[] };

const nameAll = (names: readonly string[], bound: readonly BoundExpression[]): readonly NamedColumn[] =>
  bound.map((expression, index) => ({ name: names[index] ?? '', ...expression }));

/** A name that exists is replaced where it stands; new ones follow. */
const extendColumns = (columns: readonly Column[], added: readonly NamedColumn[]): readonly NamedColumn[] => {
  const byName = new Map(added.map((column) => [foldColumnName(column.name), column]));
  const kept = columns.map((column) => {
    const replaced = byName.get(foldColumnName(column.name));
    byName.delete(foldColumnName(column.name));
    return replaced ?? { ...column, sql: quoteIdentifier(column.name), uses: [column.name] };
  });
  return [...kept, ...byName.values()];
};

/** The column of that name, case aside; undefined where there is none, which is then reported. */
const findColumn = (place: Place, name: string, path: string): Column | undefined => {
  const found = place.columns.find((column) => foldColumnName(column.name) === foldColumnName(name));
  if (found !== undefined) return found;
  const known = place.columns.map((column) => column.name);
  const suggestion = suggestName(name, known);
  const list =
    known.length <= 12
      ? `the columns here are ${known.join(', ')}`
      : `there are ${known.length} columns here`;
  place.problems.push({
    path,
    message: `there is no column ${name}; ${list}.`,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  return undefined;
};

const bindUnnest = (place: Place, name: string): PlannedStep | undefined => {
  const path = pathOf(place.step, 'unnest');
  const column = findColumn(place, name, path);
  if (column === undefined) return undefined;
  const element = /^(.*)\[\d*\]$/s.exec(column.type)?.[1];
  if (element === undefined) {
    place.problems.push({
      path,
      message: `the column ${column.name} is of type ${column.type}, and unnest takes a list.`,
    });
    return undefined;
  }
  return {
    kind: 'unnest',
    step: place.step,
    column: column.name,
    columns: place.columns.map((each) => (each === column ? { name: each.name, type: element } : each)),
  };
};

const bindDistinct = (place: Place, names: true | readonly string[]): PlannedStep | undefined => {
  const columns =
    names === true
      ? [...place.columns]
      : names.map((name, index) => findColumn(place, name, pathOf(place.step, 'distinct', index)));
  const found = columns.filter((column) => column !== undefined);
  return found.length < columns.length ? undefined : { kind: 'distinct', step: place.step, columns: found };
};

type GivenModule = Pick<ModuleToBind, 'kind' | 'given'> & {
  /** Below the step. */
  readonly path: readonly string[];
  readonly keys?: readonly Column[];
};

const bindModule = async (
  binder: Binder,
  place: Place,
  { path, ...given }: GivenModule,
): Promise<PlannedStep | undefined> => {
  const { step, columns } = place;
  const at = ['steps', step, ...path];
  const bound = await bindModuleStep(binder.connection, { ...given, step, columns, path: at });
  place.problems.push(...bound.problems);
  if (bound.step === undefined || place.problems.length > 0) return undefined;
  const { module, export: name, options = {} } = given.given;
  const sha256 = binder.modules[module];
  if (sha256 === undefined)
    throw new Error(`the module ${module} was not bundled before the job was planned`);
  return { ...bound.step, module: { sha256, export: name, path: module, options } };
};

const bindInfer = async (
  { connection, infer }: Binder,
  place: Place,
  given: InferStep,
): Promise<PlannedStep | undefined> => {
  const { step, columns } = place;
  if (infer === undefined)
    throw new EngineMissingError({ wanted: given.engine, problem: 'no step `infer` runs in this place' });
  const findFacts = () => infer.findFacts(given, step);
  const bound = await bindInferStep(connection, { step, given, columns, seed: infer.seed, findFacts });
  place.problems.push(...bound.problems);
  return bound.step;
};

/** The columns stay; where one task does it all, so do the rows. */
const bindRepartition = (
  place: Place,
  {
    by = [],
    partitions,
  }: { readonly by?: readonly string[] | undefined; readonly partitions?: number | undefined },
): PlannedStep | undefined => {
  const found = by
    .map((name, index) => findColumn(place, name, pathOf(place.step, 'repartition', 'by', index)))
    .filter((column) => column !== undefined);
  if (found.length < by.length) return undefined;
  return {
    kind: 'repartition',
    step: place.step,
    columns: [...place.columns],
    by: found.map(({ name }) => name),
    ...(partitions === undefined ? {} : { partitions }),
  };
};

const bindGroupBy = async (
  binder: Binder,
  place: Place,
  group: GroupByStep,
): Promise<PlannedStep | undefined> => {
  const keys = group.keys
    .map((name, index) => findColumn(place, name, pathOf(place.step, 'group_by', 'keys', index)))
    .filter((column) => column !== undefined);
  if (group.map_groups !== undefined) {
    const path = ['group_by', 'map_groups'];
    return bindModule(binder, place, { kind: 'map_groups', path, given: group.map_groups, keys });
  }
  const keyNames = keys.map(({ name }) => name);
  const names = Object.keys(group.aggregates ?? {});
  const checked = names.map((name) =>
    checkAt(binder, place, { path: pathOf(place.step, 'group_by', 'aggregates', name), keys: keyNames }),
  );
  const bound = await bindAll(binder, place, checked, { keys: keyNames });
  if (bound === undefined) return undefined;
  const aggregates = nameAll(names, bound);
  const good = checked.filter((each) => each !== undefined);
  const decomposition = await bindDecomposition(binder.connection, {
    columns: place.columns,
    keys: keyNames,
    outputs: aggregates.flatMap(({ name, type }, index) => {
      const expression = good[index]?.expression;
      return expression === undefined ? [] : [{ name, type, expression }];
    }),
  });
  return {
    kind: 'group_by',
    step: place.step,
    keys: keyNames,
    aggregates: aggregates.map(({ type: _, ...expression }) => expression),
    decomposition,
    columns: [...keys, ...aggregates.map(({ name, type }) => ({ name, type }))],
  };
};

const bindSort = async (
  binder: Binder,
  place: Place,
  sort: { readonly by: SortKeys; readonly limit: number },
): Promise<PlannedStep | undefined> => {
  const checked = sortKeysOf(place.step, sort.by).map(({ path }) => checkAt(binder, place, { path }));
  const bound = await bindAll(binder, place, checked);
  if (bound === undefined) return undefined;
  return {
    kind: 'sort',
    step: place.step,
    limit: sort.limit,
    by: bound.map(({ sql, uses }, index) => ({
      sql,
      uses,
      direction: checked[index]?.order?.direction ?? 'ASC',
      nulls: checked[index]?.order?.nulls ?? 'LAST',
    })),
    columns: [...place.columns],
  };
};
