import { describe, expect, it } from 'vitest';
import { judgeOutputPlace, type Places } from '../../functions/core/judge-output-place.ts';

const WORKDIR = { what: 'the work folder', place: '/srv/.daybreak' };

const judge = (places: Partial<Places>): string | undefined =>
  judgeOutputPlace({
    output: '/srv/out',
    part: { job: 'one', format: 'parquet' },
    inputs: ['/srv/data'],
    files: ['/srv/data/a.csv'],
    reserved: [WORKDIR],
    ...places,
  });

describe('the place of an output', () => {
  it('is well beside the input and the work folder', () => {
    expect(judge({})).toBeUndefined();
    expect(judge({ reserved: [] })).toBeUndefined();
    expect(judge({ output: '/srv/data-out' })).toBeUndefined();
  });

  it.each([
    ['the folder that is read', { output: '/srv/data', inputs: ['/srv/data'], files: ['/srv/data/a.csv'] }],
    ['a folder above the input', { output: '/srv' }],
    ['the folder of the one input file', { output: '/srv/data', inputs: ['/srv/data/a.csv'] }],
  ])('rejects %s: the result would replace the input', (_, places) => {
    expect(judge({ reserved: [], ...places })).toMatch(/would replace the input file \/srv\/data\/a.csv/);
  });

  it.each([
    ['a folder', '/srv/data'],
    ['the root', '/'],
    ['a pattern of every depth', '/srv/data/**'],
    ['a pattern of every depth by its ending', '/srv/**/*.parquet'],
    ['a pattern of one depth', '/srv/data/*/*.parquet'],
    ['a pattern of alternatives', '/srv/data/{out,x}/part-[0-9]*'],
  ])('rejects an output inside what is read: %s', (_, input) => {
    expect(judge({ output: '/srv/data/out', inputs: ['/srv/x.csv', input] })).toMatch(
      /lies where .* is read/,
    );
  });

  it.each([
    ['is one file beside it', '/srv/data/a.csv', '/srv/data/out'],
    ['is a pattern of one depth', '/srv/data/*', '/srv/data/out'],
    ['is a pattern of another ending', '/srv/data/**/*.csv', '/srv/data/out'],
    ['is a folder that passes over hidden names', '/srv/data', '/srv/data/_out'],
    ['is a pattern that passes over hidden names', '/srv/data/**', '/srv/data/.out'],
  ])('is well where the input %s', (_, input, output) => {
    expect(judge({ output, inputs: [input] })).toBeUndefined();
  });

  it.each([
    ['in the work folder', { output: '/srv/.daybreak/jobs/out' }],
    [
      'above the work folder',
      { output: '/srv/out', reserved: [{ ...WORKDIR, place: '/srv/out/.daybreak' }] },
    ],
    ['at the work folder', { output: '/srv/.daybreak' }],
  ])('rejects an output %s', (_, places) => {
    expect(judge(places)).toMatch(/the work folder .* lie in one another/);
  });

  it.each([
    ['beside the input', { inputs: ['s3://acme/in/'], files: ['s3://acme/in/a.csv'] }],
    ['where a name merely begins alike', { inputs: ['s3://acme/o'], files: ['s3://acme/o'] }],
    ['in the bucket of the inbox', { reserved: [{ what: 'the inbox', place: 's3://acme/inbox' }] }],
    ['on S3, whatever lies on files', { inputs: ['/s3:/acme/out'], files: ['/s3:/acme/out/a.csv'] }],
  ])('is well on S3 %s', (_, places) => {
    expect(judge({ output: 's3://acme/out', ...places })).toBeUndefined();
  });

  it.each([
    ['that would replace the input', { files: ['s3://acme/out/a.csv'] }, /would replace/],
    ['that is read as a folder', { inputs: ['s3://acme/'], files: ['s3://acme/x/a.csv'] }, /is read/],
    ['that is read by a pattern', { inputs: ['s3://acme/**/*.parquet'], files: [] }, /is read/],
    ['in the inbox', { reserved: [{ what: 'the inbox', place: 's3://acme/out' }] }, /the inbox .* lie in/],
    ['above the inbox', { reserved: [{ what: 'the inbox', place: 's3://acme/out/inbox' }] }, /lie in one/],
    ['in the bucket of the state', { reserved: [{ what: 'the state', place: 's3://acme' }] }, /the state s3/],
  ])('rejects an output on S3 %s', (_, places, message) => {
    expect(judge({ output: 's3://acme/out', ...places })).toMatch(message);
  });
});
