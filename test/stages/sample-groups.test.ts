import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBScalarFunction, INTEGER, TINYINT } from '@duckdb/node-api';
import { afterAll, expect, it } from 'vitest';
import type { PinnedInput } from '../../functions/contract/pinned-input.ts';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { LOOK_IN_PLACE } from '../../functions/io/input-look.ts';
import { shrinksInTasks } from '../../functions/stages/sample-groups.ts';
import { withConnection } from '../io/arrow/round-trip.ts';
import { withInput } from '../io/open-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'daybreak-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 3_000_000;

it('looks at a bounded part of the input, however few rows a filter lets through', async () => {
  await withConnection((connection) =>
    connection.run(`COPY (SELECT i::INTEGER AS n FROM range(${ROWS}) t(i)) TO '${folder}/input.parquet'`),
  );
  await withInput(folder, { uri: 'input.parquet' }, async (connection, input: PinnedInput) => {
    let seen = 0;
    connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name: 'seen',
        returnType: TINYINT,
        parameterTypes: [INTEGER],
        volatile: true,
        mainFunction: (_, chunk, output) => {
          seen += chunk.rowCount;
          for (let row = 0; row < chunk.rowCount; row += 1) output.setItem(row, 1);
          output.flush();
        },
      }),
    );
    const columns = [{ name: 'n', type: 'INTEGER' }];
    const filter: PlannedStep = {
      kind: 'filter',
      step: 0,
      columns,
      predicate: 'seen(n) = 2',
      uses: ['n'],
      isPrunable: false,
    };
    const sampled = { input, inputColumns: ['n'], tasks: 4, look: LOOK_IN_PLACE };
    expect(await shrinksInTasks(connection, sampled, { before: [filter], keys: ['n'] })).toBe(true);
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(ROWS / 2);
  });
});
