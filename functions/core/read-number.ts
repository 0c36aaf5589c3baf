import type { RawType } from './read-type.ts';

/** Integers arrive as numbers, or as text where a double would round them; wide ones in two halves. */
const integerOf = (value: unknown): bigint => {
  if (typeof value === 'object' && value !== null) {
    const { upper, lower } = value as { upper: number | string; lower: number | string };
    return (BigInt(upper) << 64n) + BigInt(lower);
  }
  return BigInt(value as number | string);
};

/** A number as SQL that the parser reads as the same type again. */
export const renderNumber = (type: RawType, value: unknown): string | undefined => {
  switch (type.id) {
    case 'INTEGER':
    case 'BIGINT':
    case 'HUGEINT':
    case 'UHUGEINT':
      return String(integerOf(value));
    case 'DOUBLE':
      // Without an exponent it would read as a decimal.
      return Number.isFinite(Number(value)) ? Number(value).toExponential() : undefined;
    case 'DECIMAL': {
      const { width, scale } = type.type_info as { width: number; scale: number };
      const integer = integerOf(value);
      const digits = String(integer < 0n ? -integer : integer).padStart(width, '0');
      const point = digits.length - scale;
      return `${integer < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
    }
    default:
      return undefined;
  }
};
