import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ExpressionError } from '../../functions/contract/errors.ts';
import type { CsvOptions } from '../../functions/contract/input.ts';
import { LOOK_IN_PLACE } from '../../functions/io/input-look.ts';
import { hintTypes } from '../../functions/stages/hint-types.ts';
import { withInput } from '../io/open-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'daybreak-hints-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = Array.from({ length: 500 }, (_, n) => `${n},${200 + (n % 400)},page ${n}`);
lines[250] = '250,secret,page 250';
writeFileSync(join(folder, 'input.csv'), `id,status,path\n${lines.join('\n')}\n`);

const message = 'Cannot compare values of type VARCHAR and type INTEGER_LITERAL.';
const errorOver = (...columns: readonly string[]): ExpressionError =>
  new ExpressionError([{ path: 'steps[0].filter', message, columns }]);

const hinted = (error: ExpressionError, csv?: CsvOptions): Promise<unknown> =>
  withInput(folder, { uri: 'input.csv', ...(csv === undefined ? {} : { csv }) }, (connection, input) =>
    hintTypes(connection, { look: LOOK_IN_PLACE, input, csv }, error),
  );

it('names the type that nearly all values of a column have, and how to give it, and no value', async () => {
  const found = await hinted(errorOver('status', 'id'));
  expect(found).toBeInstanceOf(ExpressionError);
  const { problems } = found as ExpressionError; // as just seen
  expect(problems[0]?.message).toBe(
    `${message} The type of status was found in the data: 499 of the first 500 values are of the type BIGINT. If the others are bad rows, set \`input.csv.types: { status: BIGINT }\`, and they are rejects.`,
  );
});

it('says nothing of a column that is a text, or whose type was given', async () => {
  const text = errorOver('path');
  expect(await hinted(text)).toBe(text);
  const given = errorOver('status');
  expect(await hinted(given, { types: { status: 'VARCHAR' } })).toBe(given);
  expect(await hinted(given, { all_varchar: true })).toBe(given);
});
