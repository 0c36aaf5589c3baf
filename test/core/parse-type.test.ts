import { describe, expect, it } from 'vitest';
import { parseType } from '../../functions/core/parse-type.ts';

describe('parseType', () => {
  it('parses structs with quoted names, lists and maps', () => {
    expect(parseType('STRUCT(x DECIMAL(18,3), "a ""b, c)" VARCHAR[])[]')).toEqual({
      kind: 'list',
      text: 'STRUCT(x DECIMAL(18,3), "a ""b, c)" VARCHAR[])[]',
      element: {
        kind: 'struct',
        text: 'STRUCT(x DECIMAL(18,3), "a ""b, c)" VARCHAR[])',
        fields: [
          { name: 'x', type: { kind: 'scalar', text: 'DECIMAL(18,3)' } },
          {
            name: 'a "b, c)',
            type: { kind: 'list', text: 'VARCHAR[]', element: { kind: 'scalar', text: 'VARCHAR' } },
          },
        ],
      },
    });
    expect(parseType('MAP(VARCHAR, STRUCT(x BIGINT))')).toMatchObject({
      kind: 'map',
      key: { text: 'VARCHAR' },
      value: { kind: 'struct' },
    });
  });

  it('takes the rest as scalars', () => {
    expect(parseType('TIMESTAMP WITH TIME ZONE').kind).toBe('scalar');
    expect(parseType('BIGINT[3]').kind).toBe('scalar');
  });
});
