/**
 * Unifies the types that one CSV column has in several files, as DuckDB's sniffer would over all of their
 * rows: whole numbers with fractions are DOUBLE, dates with timestamps TIMESTAMP, all else VARCHAR.
 */
export const unifyCsvTypes = (types: readonly string[]): string => {
  const distinct = [...new Set(types)].sort();
  const [first = 'VARCHAR', second] = distinct;
  if (second === undefined) return first;
  if (distinct.join() === 'BIGINT,DOUBLE') return 'DOUBLE';
  if (distinct.join() === 'DATE,TIMESTAMP') return 'TIMESTAMP';
  return 'VARCHAR';
};

const SIGNED = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'];
const UNSIGNED = ['UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'];

/**
 * Unifies the types that one Parquet column has in several files where every value of each keeps its
 * value: longer integers of the same sign, unsigned into a longer signed one, FLOAT into DOUBLE, integers
 * of 32 bits into DOUBLE, DATE into TIMESTAMP. Returns undefined where that cannot be.
 */
export const widenParquetTypes = (types: readonly string[]): string | undefined =>
  types.reduce<string | undefined>(
    (wide, type) => (wide === undefined ? undefined : widenTwo(wide, type)),
    types[0],
  );

const widenTwo = (a: string, b: string): string | undefined => {
  if (a === b) return a;
  const signed = [SIGNED.indexOf(a), SIGNED.indexOf(b)] as const;
  const unsigned = [UNSIGNED.indexOf(a), UNSIGNED.indexOf(b)] as const;
  if (signed[0] >= 0 && signed[1] >= 0) return SIGNED[Math.max(...signed)];
  if (unsigned[0] >= 0 && unsigned[1] >= 0) return UNSIGNED[Math.max(...unsigned)];
  const mixed = Math.max(...signed) >= 0 && Math.max(...unsigned) >= 0;
  if (mixed) return SIGNED[Math.max(Math.max(...signed), Math.max(...unsigned) + 1)];
  const pair = [a, b].sort().join();
  if (pair === 'DOUBLE,FLOAT') return 'DOUBLE';
  if (pair === 'DATE,TIMESTAMP') return 'TIMESTAMP';
  const whole = a === 'DOUBLE' ? b : b === 'DOUBLE' ? a : undefined;
  const fitsDouble =
    whole !== undefined && /^(TINYINT|SMALLINT|INTEGER|UTINYINT|USMALLINT|UINTEGER)$/.test(whole);
  return fitsDouble ? 'DOUBLE' : undefined;
};
