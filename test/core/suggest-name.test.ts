import { describe, expect, it } from 'vitest';
import { suggestName } from '../../functions/core/suggest-name.ts';

const STEPS = ['filter', 'select', 'extend', 'group_by', 'distinct', 'sort', 'infer', 'map', 'flat_map'];

describe('suggestName', () => {
  it.each([
    ['grup_by', 'group_by'],
    ['groupBy', 'group_by'],
    ['GROUP-BY', 'group_by'],
    ['sotr', 'sort'],
    ['Filter', 'filter'],
    ['mpa', undefined],
    ['maps', 'map'],
    ['selection', 'select'],
    ['dist', 'distinct'],
    ['quux', undefined],
    ['', undefined],
    ['__', undefined],
    ['x'.repeat(1_000_000), undefined],
  ])('answers %.20s with %s', (found, expected) => {
    expect(suggestName(found, STEPS)).toBe(expected);
  });

  it('never suggests the name that was found', () => {
    expect(suggestName('sort', ['sort'])).toBeUndefined();
  });

  it('prefers the name of the nearest length: letters change places more often than they go', () => {
    expect(suggestName('medain', ['mean', 'median'])).toBe('median');
  });

  it('prefers the first of names equally near', () => {
    expect(suggestName('teal', ['team', 'tear'])).toBe('team');
  });
});
