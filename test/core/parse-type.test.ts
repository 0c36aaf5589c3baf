import { describe, expect, it } from 'vitest';
import { parseType, splitTypeParts } from '../../functions/core/parse-type.ts';

const scalar = (text: string) => ({ kind: 'scalar', text }) as const;

describe('parseType', () => {
  it.each([
    'BIGINT',
    'DECIMAL(18,3)',
    'TIMESTAMP WITH TIME ZONE',
    "ENUM('a, b', '(')",
    'INTEGER[3]',
    'UNION(a INTEGER)',
  ])('takes %s as a scalar', (text) => {
    expect(parseType(text)).toEqual(scalar(text));
  });

  it('reads lists in lists', () => {
    expect(parseType('DATE[][]')).toMatchObject({
      kind: 'list',
      element: { kind: 'list', element: scalar('DATE') },
    });
  });

  it('reads a map of nested values', () => {
    expect(parseType('MAP(VARCHAR, MAP(INTEGER, DECIMAL(9,2)[]))')).toMatchObject({
      kind: 'map',
      key: scalar('VARCHAR'),
      value: { kind: 'map', key: scalar('INTEGER'), value: { kind: 'list' } },
    });
  });

  it('reads fields whose names and enums hold commas, parentheses and quotes', () => {
    const type = parseType(`STRUCT("a ""b, (c" INTEGER, e ENUM('x)', 'it''s, "'), HUGEINT HUGEINT)`);
    expect(type).toMatchObject({
      kind: 'struct',
      fields: [
        { name: 'a "b, (c', type: scalar('INTEGER') },
        { name: 'e', type: scalar(`ENUM('x)', 'it''s, "')`) },
        { name: 'HUGEINT', type: scalar('HUGEINT') },
      ],
    });
  });
});

describe('splitTypeParts', () => {
  it('splits at commas outside parentheses and quotes', () => {
    expect(splitTypeParts(`a DECIMAL(4,1), "b, c" ENUM(',', ')'), d MAP(A, B)`)).toEqual([
      'a DECIMAL(4,1)',
      `"b, c" ENUM(',', ')')`,
      'd MAP(A, B)',
    ]);
  });
});
