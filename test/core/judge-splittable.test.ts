import { describe, expect, it } from 'vitest';
import {
  type FoundDialect,
  judgeCsvSplit,
  judgeLinesSplit,
  type TextFileFacts,
} from '../../functions/core/judge-splittable.ts';

const dialect: FoundDialect = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  newline: '\n',
  comment: null,
  isStrict: true,
  maxRowBytes: 2_097_152,
};
const file: TextFileFacts = { path: 'a.csv', head: Buffer.from('a,b\n'), encoding: 'utf-8' };

const reasons = (found: Partial<FoundDialect>, facts: Partial<TextFileFacts> = {}): readonly string[] => {
  const verdict = judgeCsvSplit({ ...dialect, ...found }, { ...file, ...facts });
  return verdict.isSplittable ? [] : verdict.reasons;
};

describe('judgeCsvSplit', () => {
  it('lets a known dialect in a plain UTF-8 file be cut', () => {
    expect(judgeCsvSplit(dialect, file)).toMatchObject({
      isSplittable: true,
      format: { delimiter: ',', newline: '\n' },
    });
    expect(reasons({ newline: '\r\n', delimiter: '<=>', escape: '\\' })).toEqual([]);
  });

  it('rejects what a range cannot read alone, with all reasons', () => {
    expect(reasons({ newline: '\r' })).toEqual(['the newline is a lone carriage return']);
    expect(reasons({ newline: null, comment: '#' })).toEqual([
      'the newline is not known',
      'the dialect has a comment character',
    ]);
    expect(reasons({ isStrict: false })).toEqual(['strict_mode is off']);
    expect(reasons({ delimiter: 'abcde' })).toEqual(['the delimiter is not 1 to 4 bytes long']);
    expect(reasons({ delimiter: null })).toEqual(['the delimiter is not known']);
    expect(reasons({ quote: 'ü', escape: 'ü' })).toHaveLength(2);
    expect(reasons({ delimiter: '"' })).toHaveLength(2);
    expect(reasons({ quote: null })).toEqual(['the dialect escapes without a quote']);
  });

  it('rejects compressed files by their bytes or their name, and other encodings', () => {
    expect(reasons({}, { head: Buffer.from([0x1f, 0x8b, 8, 0]) })).toEqual([
      'the file is compressed with gzip',
    ]);
    expect(reasons({}, { path: 'a.csv.ZST' })).toEqual(['the name says that the file is compressed']);
    expect(reasons({}, { head: Buffer.from([0xff, 0xfe, 0x61, 0]) })).toEqual(['the file is UTF-16']);
    expect(reasons({}, { encoding: 'latin-1' })).toEqual(['the encoding is latin-1, not utf-8']);
  });
});

describe('judgeLinesSplit', () => {
  it('lets plain lines be cut and rejects compressed ones', () => {
    expect(judgeLinesSplit(file)).toEqual({ isSplittable: true, format: 'lines' });
    expect(judgeLinesSplit({ ...file, path: 'a.jsonl.gz' }).isSplittable).toBe(false);
  });
});
