import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('bounds the waits of every client but that of S3, which has bounds of its own', () => {
  const made = globSync('{functions,cli}/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/new (?!S3Client)\w+Client\((.*)\);/g)].map(
      ([, given = '']) => `${file} ${given}`,
    ),
  );
  expect(made.length).toBeGreaterThanOrEqual(5);
  // `config` is what the command line makes of its options by clientConfigOf, once for all its clients.
  expect(
    made.filter((each) => !/ (clientConfigOf\(\w*\)|config|\{ \.\.\.config, .+ \})$/.test(each)),
  ).toEqual([]);
});
