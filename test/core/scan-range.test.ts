import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvDialect } from '../../functions/core/csv-machine.ts';
import { GUESS_BYTES } from '../../functions/core/guess-row.ts';
import { judgeChain, type RangeReport } from '../../functions/core/judge-chain.ts';
import {
  endOfFile,
  openRangeScan,
  planScanBegin,
  type RowFormat,
  reportRange,
  type TextRange,
  takeBytes,
} from '../../functions/core/scan-range.ts';

const comma: CsvDialect = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  newline: '\n',
  maxRowBytes: 2_097_152,
};
const csv = (dialect: Partial<CsvDialect> = {}, columns = 2): RowFormat => ({
  kind: 'csv',
  dialect: { ...comma, ...dialect },
  columns,
});
const lines: RowFormat = { kind: 'lines' };

type Scanned = { readonly report: RangeReport; readonly rows: string };

/** Feeds a file in pieces of `pieceBytes`, as a reader would. */
const scan = (
  bytes: Buffer,
  format: RowFormat,
  [startOffset, endOffset]: readonly [number, number],
  options: { readonly startsAt?: TextRange['startsAt']; readonly pieceBytes?: number } = {},
): Scanned => {
  const { startsAt = 'guess', pieceBytes = 7 } = options;
  const range: TextRange = { sizeBytes: bytes.length, dataOffset: 0, startOffset, endOffset, startsAt };
  const begin = planScanBegin(range, format);
  const state = openRangeScan(range, format, bytes.subarray(begin.offset, begin.offset + GUESS_BYTES));
  const rows: Uint8Array[] = [];
  while (!state.isDone) {
    const piece = bytes.subarray(state.cursor.offset, state.cursor.offset + pieceBytes);
    if (piece.length === 0) endOfFile(state);
    else rows.push(takeBytes(state, piece));
  }
  return { report: reportRange(state), rows: Buffer.concat(rows).toString() };
};

const whole = (text: string, format: RowFormat): RangeReport => {
  const bytes = Buffer.from(text);
  return scan(bytes, format, [0, bytes.length]).report;
};

describe('takeBytes', () => {
  it('gives each row to the range in which it begins', () => {
    const bytes = Buffer.from('1,a\n2,b\n3,c\n');
    expect(scan(bytes, csv(), [0, 4]).rows).toBe('1,a\n');
    expect(scan(bytes, csv(), [0, 5]).rows).toBe('1,a\n2,b\n');
    expect(scan(bytes, csv(), [4, 5]).rows).toBe('2,b\n');
    expect(scan(bytes, csv(), [5, 12]).rows).toBe('3,c\n');
  });

  it('reads the last row of a range past its end, newlines in quotes included', () => {
    const { report, rows } = scan(Buffer.from('1,"x\ny\nz"\n2,b\n'), csv(), [0, 2]);
    expect(rows).toBe('1,"x\ny\nz"\n');
    expect(report).toMatchObject({ firstRowOffset: 0, nextRowOffset: 10, rows: 1 });
  });

  it('gives no row to a range that lies inside one row', () => {
    const bytes = Buffer.from('1,aaaaaaaaaaaaaaaa\n2,b\n');
    const { report, rows } = scan(bytes, csv(), [4, 8]);
    expect(rows).toBe('');
    expect(report).toMatchObject({ firstRowOffset: 19, nextRowOffset: 19, rows: 0 });
  });

  it('guesses by the number of fields that it begins inside quotes', () => {
    const bytes = Buffer.from('1,"one\ntwo, and three\nfour"\n2,b\n3,c\n');
    expect(scan(bytes, csv(), [10, 20]).report.firstRowOffset).toBe(28);
  });

  it('guesses right wherever it begins in a file of even rows', () => {
    const row = (id: number): string => `"${id}","a ""b"" c\nd, e","${id * 7}"\n`;
    const bytes = Buffer.from(Array.from({ length: 20 }, (_, id) => row(id)).join(''));
    let firstRow = 0;
    for (let offset = 1; offset < bytes.length / 2; offset++) {
      if (offset > firstRow) firstRow = bytes.indexOf('\n"', bytes.indexOf('e"', firstRow)) + 1;
      const { report } = scan(bytes, csv({}, 3), [offset, bytes.length]);
      expect(report.firstRowOffset, `from ${offset}`).toBe(firstRow);
    }
  });

  it('takes quotes that open no field for text', () => {
    const bytes = Buffer.from('1,5",x\n'.repeat(20));
    for (let offset = 1; offset < 60; offset++) {
      const { report } = scan(bytes, csv({}, 3), [offset, bytes.length]);
      expect(report.firstRowOffset).toBe(Math.ceil(offset / 7) * 7);
    }
  });

  it('counts a last row without a newline, and blank lines apart', () => {
    expect(whole('1,a\n\n2,b', csv())).toMatchObject({ rows: 2, blankRows: 1, nextRowOffset: 8 });
    expect(whole('1,a\r\n\r\n2,b\r\n', csv({ newline: '\r\n' }))).toMatchObject({ rows: 2, blankRows: 1 });
    expect(whole('{}\n \t\r\n{}', lines)).toMatchObject({ rows: 2, blankRows: 1, nextRowOffset: 9 });
  });

  it('cuts between \\r and \\n without a loss', () => {
    const bytes = Buffer.from('1,a\r\n2,b\r\n');
    const format = csv({ newline: '\r\n' });
    const reports = [scan(bytes, format, [0, 4]).report, scan(bytes, format, [4, 10]).report];
    expect(judgeChain({ dataOffset: 0, sizeBytes: 10, reports })).toMatchObject({ kind: 'proved', rows: 2 });
  });

  it('takes a delimiter of several bytes as DuckDB does, partial matches included', () => {
    const report = whole('1||"a\nb"\n2|"\n', csv({ delimiter: '||' }));
    expect(report).toMatchObject({ rows: 2 });
    expect(report.quotingError).toBeUndefined();
  });

  it('fails with a quoting error where a range could not repeat what DuckDB does', () => {
    const causes = (text: string, dialect: Partial<CsvDialect> = {}): unknown =>
      whole(text, csv(dialect)).quotingError;
    expect(causes('1,"a"x\n')).toEqual({ offset: 5, cause: 'invalid-byte' });
    expect(causes('1,"a" \n')).toBeUndefined();
    expect(causes('1,a\r\n')).toEqual({ offset: 3, cause: 'invalid-byte' });
    expect(causes('1,a\n', { newline: '\r\n' })).toEqual({ offset: 3, cause: 'invalid-byte' });
    expect(causes('1,a\r', { newline: '\r\n' })).toEqual({ offset: 3, cause: 'invalid-byte' });
    expect(causes('1,a\n2,"b')).toEqual({ offset: 4, cause: 'unterminated-quote' });
  });

  it('fails with a quoting error on a row longer than DuckDB reads, without reading on', () => {
    const bytes = Buffer.alloc(comma.maxRowBytes * 3, 'a');
    const { report } = scan(bytes, csv(), [0, 10], { pieceBytes: 65_536 });
    expect(report.quotingError).toEqual({ offset: 0, cause: 'row-too-long' });
  });
});

const cell = fc.oneof(
  fc.stringMatching(/^[a-c ]{0,4}$/),
  fc.stringMatching(/^[a,\n"]{0,6}$/).map((text) => `"${text.replaceAll('"', '""')}"`),
);
const text = fc
  .array(
    fc.oneof(
      fc.tuple(cell, cell).map((cells) => cells.join(',')),
      fc.constant(''),
    ),
    { maxLength: 20 },
  )
  .map((rows) => rows.join('\n'));

const oddRow = fc.constantFrom('22,"b"', '3,c\r', '"x\ny",4', '5,d\n6,e', 'a'.repeat(999), '');
const longText = fc.array(
  fc.oneof({ weight: 200, arbitrary: fc.stringMatching(/^[ab,]{1,30}$/) }, { weight: 1, arbitrary: oddRow }),
  { minLength: 300, maxLength: 400 },
);

describe('long stretches without a quote', () => {
  it.each(['\n', '\r\n'] as const)('are read as the machine reads them, with newline %j', (newline) => {
    fc.assert(
      fc.property(longText, fc.nat(), fc.integer({ min: 0, max: 3 }), (rows, share, shift) => {
        const padded = Buffer.from(`${' '.repeat(shift)}${rows.join(newline)}`);
        // Another place in the same memory: words of four bytes begin elsewhere in the text.
        const bytes = padded.subarray(shift);
        const format = csv({ newline, maxRowBytes: 1000 + (share % 4) });
        const range = [0, share % (bytes.length + 1)] as const;
        const atOnce = scan(bytes, format, range, { pieceBytes: bytes.length });
        const inPieces = scan(bytes, format, range, { pieceBytes: 100 });
        // Which of two errors in a row is met first depends on the pieces; that there is one does not.
        if (atOnce.report.quotingError === undefined) expect(atOnce).toEqual(inPieces);
        else expect(inPieces.report.quotingError).toBeDefined();
      }),
    );
  });
});

describe('the chain', () => {
  it('gives each byte of a quoted file to one range, or breaks and gives the rest to one more', () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (content, count, pieceBytes) => {
          const bytes = Buffer.from(content);
          const format = csv();
          const edge = (index: number): number => Math.floor((bytes.length * index) / count);
          const parts = Array.from({ length: count }, (_, index) =>
            scan(bytes, format, [edge(index), edge(index + 1)], { pieceBytes }),
          );
          const verdict = judgeChain({
            dataOffset: 0,
            sizeBytes: bytes.length,
            reports: parts.map((part) => part.report),
          });
          if (verdict.kind === 'one-task') return;
          const kept = verdict.kind === 'proved' ? parts : parts.slice(0, verdict.brokenRange);
          const rest =
            verdict.kind === 'proved'
              ? []
              : [scan(bytes, format, [verdict.fromOffset, bytes.length], { startsAt: 'row', pieceBytes })];
          expect([...kept, ...rest].map((part) => part.rows).join('')).toBe(content);
          const reports = [...kept, ...rest].map((part) => part.report);
          const oracle = scan(bytes, format, [0, bytes.length]).report;
          expect(judgeChain({ dataOffset: 0, sizeBytes: bytes.length, reports })).toEqual({
            kind: 'proved',
            rows: oracle.rows,
            blankRows: oracle.blankRows,
          });
        },
      ),
    );
  });

  it('is never broken by cuts in lines', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab\r\n]{0,40}$/), fc.integer({ min: 1, max: 9 }), (content, count) => {
        const bytes = Buffer.from(content);
        const edge = (index: number): number => Math.floor((bytes.length * index) / count);
        const parts = Array.from({ length: count }, (_, index) =>
          scan(bytes, lines, [edge(index), edge(index + 1)]),
        );
        const reports = parts.map((part) => part.report);
        expect(judgeChain({ dataOffset: 0, sizeBytes: bytes.length, reports }).kind).toBe('proved');
        expect(parts.map((part) => part.rows).join('')).toBe(content);
      }),
    );
  });
});
