import { describe, expect, it } from 'vitest';
import { SQL_FUNCTIONS } from '../../functions/contract/sql-functions.ts';
import {
  AGGREGATE_RULES,
  type AggregateRule,
  canonicalAggregate,
  ruleOf,
} from '../../functions/core/aggregate-rules.ts';
import type { FunctionNode } from '../../functions/core/expression.ts';

const callOf = (name: string): FunctionNode => ({
  kind: 'function',
  name,
  isOperator: false,
  children: [],
  isDistinct: false,
  filter: undefined,
  orders: [],
});

const aggregates = [...SQL_FUNCTIONS].flatMap(([name, known]) =>
  known.kind === 'aggregate' ? [{ name, ...known }] : [],
);

describe('the table of rules', () => {
  it('has exactly one rule for every aggregate of the allow-list, and no other', () => {
    expect(Object.keys(AGGREGATE_RULES)).toEqual(
      [...new Set(aggregates.map(({ canonical }) => canonical))].sort(),
    );
  });

  it.each(aggregates)('agrees with the allow-list on how $name is merged', ({ name, canonical, merge }) => {
    expect(canonicalAggregate(name)).toBe(canonical);
    expect(ruleOf(callOf(name)).merge).toBe(merge);
  });

  it('lets no order-dependent aggregate be merged', () => {
    const rules: Readonly<Record<string, AggregateRule>> = AGGREGATE_RULES;
    const ordered = aggregates.filter(({ isOrderDependent }) => isOrderDependent);
    expect(ordered.filter(({ canonical }) => rules[canonical]?.merge !== 'holistic')).toEqual([]);
    expect(ordered.length).toBeGreaterThan(10);
  });

  it('knows no rule of a scalar function', () => {
    expect(canonicalAggregate('abs')).toBeUndefined();
    expect(() => ruleOf(callOf('abs'))).toThrow('abs is no aggregate');
  });
});
