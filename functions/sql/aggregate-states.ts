import { canonicalAggregate, ruleOf } from '../core/aggregate-rules.ts';
import type { FunctionNode } from '../core/expression.ts';
import {
  addArgumentCount,
  addSame,
  addSum,
  argument,
  type Call,
  type CallValue,
  divide,
  isPresent,
  renderCall,
} from './call-states.ts';
import { addCount, renderWhere } from './moment-states.ts';
import { addPowerSums, addRegression, addVariance } from './moment-values.ts';
import { renderExpression } from './render-expression.ts';
import { addState, type Drafts, gather } from './state-drafts.ts';

const read = (state: string): CallValue => ({ sql: state, uses: [state] });

/**
 * Adds the states of an algebraic call; undefined where its value type has none (an average of intervals).
 * `type` is the call's own as DuckDB names it.
 */
export const addCallStates = (drafts: Drafts, node: FunctionNode, type: string): CallValue | undefined => {
  const name = canonicalAggregate(node.name);
  const rule = ruleOf(node);
  if (name === undefined || rule.merge === 'holistic') throw new Error(`${node.name} has no states`);
  const args = node.children.map(({ value }) => renderExpression(value));
  const conditions = node.filter === undefined ? [] : [renderExpression(node.filter)];
  const call: Call = { name, args, conditions, type };
  switch (rule.state) {
    case 'count':
      return read(args.length === 0 ? addCount(drafts, conditions) : addArgumentCount(drafts, call));
    case 'count of true': {
      // NULL where there is no row that is true or false: a sum, after all.
      const single = `CAST(CAST(${argument(call)} AS BOOLEAN) AS HUGEINT)`;
      return read(addSame(drafts, call, { single, merge: 'sum' }));
    }
    case 'sum':
      return read(addSame(drafts, call, { single: `CAST(${argument(call)} AS ${type})` }));
    case 'product':
    case 'compensated sum':
      return read(addSame(drafts, call, { single: `CAST(${argument(call)} AS DOUBLE)` }));
    case 'bits':
      return read(addSame(drafts, call, { single: argument(call) }));
    case 'extreme':
      return read(call.args.length === 1 ? addExtreme(drafts, call) : addMost(drafts, call));
    case 'bit positions':
      return read(addBitPositions(drafts, call));
    case 'average':
      return addAverage(drafts, call);
    case 'compensated average':
      return divide(addSum(drafts, call, 'fsum', 'DOUBLE'), addArgumentCount(drafts, call));
    case 'moments':
      return addVariance(drafts, call);
    case 'power sums':
      return addPowerSums(drafts, call);
    case 'comoments':
      return addRegression(drafts, call);
    case 'macro':
      throw new Error(`the macro ${name} was not expanded`);
  }
};

const addExtreme = (drafts: Drafts, call: Call): string => {
  // DuckDB has no CASE over arrays, but one over lists of them.
  if (!/\[\d+\]$/.test(call.type)) return addSame(drafts, call, { single: argument(call) });
  const single = `(${renderWhere(call.conditions, `[${argument(call)}]`)})[1]`;
  return addState(drafts, { partial: renderCall(call), single }, (state) => {
    const merged = gather(drafts, `${call.name}(${state})`, state);
    return { sql: merged, uses: [merged] };
  });
};

/** `max(x, n)`: the n greatest of the n greatest of the parts. */
const addMost = (drafts: Drafts, call: Call): string => {
  const { name, conditions } = call;
  const [value = '', limit = ''] = call.args;
  return addState(
    drafts,
    {
      partial: renderCall(call),
      single: renderWhere([...conditions, isPresent(value)], `[${value}]`),
    },
    (state) => {
      const lists = gather(drafts, `list(${state}) FILTER (WHERE ${state} IS NOT NULL)`, state);
      const order = name === 'max' ? 'DESC' : 'ASC';
      return {
        sql: `list_slice(list_sort(flatten(${lists}), '${order}', 'NULLS LAST'), 1, ${limit})`,
        uses: [lists],
      };
    },
  );
};

const addBitPositions = (drafts: Drafts, call: Call): string => {
  const [value = '', least = '', greatest = ''] = call.args;
  const zeros = `bitstring('0', CAST(${greatest} - ${least} + 1 AS INTEGER))`;
  return addSame(drafts, call, {
    single: renderWhere([isPresent(value)], `set_bit(${zeros}, CAST(${value} - ${least} AS INTEGER), 1)`),
    merge: 'bit_or',
  });
};

const GREATEST_MICROSECONDS = '9223372036854775807';

/** How DuckDB's averages of moments are read as microseconds, where infinite ones are the extremes, and made again. */
const MOMENTS: Readonly<Record<string, { readonly read: (sql: string) => string; readonly make: string }>> = {
  TIMESTAMP: { read: (sql) => readInstant('TIMESTAMP', sql), make: 'make_timestamp' },
  'TIMESTAMP WITH TIME ZONE': {
    read: (sql) => readInstant('TIMESTAMP WITH TIME ZONE', sql),
    make: 'make_timestamptz',
  },
};

const readInstant = (type: string, sql: string): string => {
  const instant = `CAST(${sql} AS ${type})`;
  return `CASE ${instant} WHEN CAST('infinity' AS ${type}) THEN ${GREATEST_MICROSECONDS} WHEN CAST('-infinity' AS ${type}) THEN -${GREATEST_MICROSECONDS} ELSE epoch_us(${instant}) END`;
};

const addAverage = (drafts: Drafts, call: Call): CallValue | undefined => {
  if (call.type === 'DOUBLE')
    return divide(addSum(drafts, call, 'sum', undefined), addArgumentCount(drafts, call));
  const moment = MOMENTS[call.type];
  if (moment === undefined && call.type !== 'TIME') return undefined;
  const value =
    moment === undefined ? `epoch_us(CAST(${argument(call)} AS TIME))` : moment.read(argument(call));
  const micros = { ...call, args: [`CAST(${value} AS HUGEINT)`] };
  const sum = addSum(drafts, micros, 'sum', 'HUGEINT');
  const count = addArgumentCount(drafts, call);
  // As DuckDB rounds them: half and less down.
  const mean = `(${sum} // ${count} + CASE WHEN ${sum} % ${count} > ${count} // 2 THEN 1 ELSE 0 END)`;
  const made =
    moment === undefined
      ? `CASE WHEN ${mean} = 86400000000 THEN TIME '24:00:00' ELSE TIME '00:00:00' + to_microseconds(CAST(${mean} AS BIGINT)) END`
      : `CASE ${mean} WHEN ${GREATEST_MICROSECONDS} THEN CAST('infinity' AS ${call.type}) WHEN -${GREATEST_MICROSECONDS} THEN CAST('-infinity' AS ${call.type}) ELSE ${moment.make}(CAST(${mean} AS BIGINT)) END`;
  return { sql: `CASE WHEN ${count} > 0 THEN ${made} END`, uses: [sum, count] };
};
