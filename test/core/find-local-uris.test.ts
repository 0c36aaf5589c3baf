import { expect, it } from 'vitest';
import { findLocalUris } from '../../functions/core/find-local-uris.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';

const localIn = (input: string | readonly string[], output: string) =>
  findLocalUris(
    parseSpec(JSON.stringify({ name: 'a', input: { uri: input }, output: { uri: output } }), {
      file: 'a.json',
    }),
  );

it('takes addresses of S3, in capitals too', () => {
  expect(localIn(['s3://a/b', 'S3://a/c'], 's3://a/d')).toEqual([]);
});

it('names every path of one machine, and what to do', () => {
  const problems = localIn(['./c.csv', '/d.csv'], 'out');
  expect(problems.map(({ path }) => path)).toEqual(['input.uri[0]', 'input.uri[1]', 'output.uri']);
  expect(problems[0]?.message).toContain('"./c.csv" is a path of one machine');
  for (const { message } of problems) expect(message).toContain('aws s3 cp');
});
