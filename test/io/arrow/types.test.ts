import { describe, expect, it } from 'vitest';
import { encodeQuery, loadTable, printRows, printTypes, withConnection } from './round-trip.ts';
import { queryOf, TYPE_CASES } from './type-cases.ts';

describe('the bridge', () => {
  for (const [type, values] of Object.entries(TYPE_CASES)) {
    for (const codec of ['zstd', 'none'] as const)
      it(`brings ${type} back, values and type (${codec})`, async () => {
        await withConnection(async (connection) => {
          const query = queryOf(type, values);
          const { bytes, rows } = await encodeQuery(connection, query, { codec });
          expect(await loadTable(connection, 'back', bytes)).toBe(rows);
          expect(await printRows(connection, 'FROM back')).toEqual(await printRows(connection, query));
          expect(await printTypes(connection, 'FROM back')).toEqual(await printTypes(connection, query));
        });
      });
  }

  it('brings a time of 24:00:00 back, which Arrow itself does not allow', async () => {
    await withConnection(async (connection) => {
      const { bytes } = await encodeQuery(connection, "SELECT TIME '24:00:00' AS v");
      await loadTable(connection, 'back', bytes);
      expect(await printRows(connection, 'FROM back')).toEqual(['["24:00:00"]']);
    });
  });
});
