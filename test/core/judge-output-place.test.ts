import { describe, expect, it } from 'vitest';
import { judgeOutputPlace, type Places } from '../../functions/core/judge-output-place.ts';

const judge = (places: Partial<Places>): string | undefined =>
  judgeOutputPlace({
    output: '/work/out',
    part: { job: 'one', format: 'parquet' },
    inputs: ['/work/data'],
    files: ['/work/data/a.csv'],
    workdir: '/work/.daybreak',
    ...places,
  });

describe('the place of an output', () => {
  it('is well beside the input and the work folder', () => {
    expect(judge({})).toBeUndefined();
    expect(judge({ workdir: undefined })).toBeUndefined();
    expect(judge({ output: '/work/data-out' })).toBeUndefined();
  });

  it.each([
    [
      'the folder that is read',
      { output: '/work/data', inputs: ['/work/data'], files: ['/work/data/a.csv'] },
    ],
    ['a folder above the input', { output: '/work' }],
    ['the folder of the one input file', { output: '/work/data', inputs: ['/work/data/a.csv'] }],
  ])('rejects %s: the result would replace the input', (_, places) => {
    expect(judge({ workdir: undefined, ...places })).toMatch(
      /would replace the input file \/work\/data\/a.csv/,
    );
  });

  it.each([
    ['a folder', '/work/data'],
    ['the root', '/'],
    ['a pattern of every depth', '/work/data/**'],
    ['a pattern of every depth by its ending', '/work/**/*.parquet'],
    ['a pattern of one depth', '/work/data/*/*.parquet'],
    ['a pattern of alternatives', '/work/data/{out,x}/part-[0-9]*'],
  ])('rejects an output inside what is read: %s', (_, input) => {
    expect(judge({ output: '/work/data/out', inputs: ['/work/x.csv', input] })).toMatch(
      /lies where .* is read/,
    );
  });

  it.each([
    ['is one file beside it', '/work/data/a.csv', '/work/data/out'],
    ['is a pattern of one depth', '/work/data/*', '/work/data/out'],
    ['is a pattern of another ending', '/work/data/**/*.csv', '/work/data/out'],
    ['is a folder that passes over hidden names', '/work/data', '/work/data/_out'],
    ['is a pattern that passes over hidden names', '/work/data/**', '/work/data/.out'],
  ])('is well where the input %s', (_, input, output) => {
    expect(judge({ output, inputs: [input] })).toBeUndefined();
  });

  it.each([
    ['in the work folder', { output: '/work/.daybreak/jobs/out' }],
    ['above the work folder', { output: '/work/out', workdir: '/work/out/.daybreak' }],
    ['at the work folder', { output: '/work/.daybreak' }],
  ])('rejects an output %s', (_, places) => {
    expect(judge(places)).toMatch(/the work folder .* lie in one another/);
  });
});
