import { describe, expect, it } from 'vitest';
import { renderTable } from '../../cli/render-table.ts';

describe('renderTable', () => {
  it('aligns columns under their header, numbers to the right', () => {
    const table = renderTable({
      header: ['team', 'n'],
      right: new Set([1]),
      rows: [
        ['a', '1'],
        ['long name', '1,000'],
      ],
    });
    expect(table.split('\n')).toEqual([
      'team           n',
      '---------  -----',
      'a              1',
      'long name  1,000',
    ]);
  });

  it('ends no line in blanks', () => {
    expect(
      renderTable({
        header: ['a', 'b'],
        rows: [
          ['x', ''],
          ['', 'y'],
        ],
      }),
    ).not.toMatch(/ $/m);
  });

  it('renders a header alone where there are no rows', () => {
    expect(renderTable({ header: ['a', 'bc'], rows: [] })).toBe('a  bc\n-  --');
  });

  it('cuts long cells and says so', () => {
    const [, , line] = renderTable({ header: ['a'], rows: [['x'.repeat(41)]] }).split('\n');
    expect(line).toBe(`${'x'.repeat(39)}…`);
  });

  it('lets no cell move the cursor, recolour the terminal or break the line', () => {
    const table = renderTable({ header: ['a\u001b[31m'], rows: [['x\r\ny\u001b[2J\u0007\u0085z']] });
    expect(table.split('\n')).toHaveLength(3);
    expect(table.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('fills short rows', () => {
    expect(renderTable({ header: ['a', 'b'], rows: [['x']] })).toBe('a  b\n-  -\nx');
  });
});
