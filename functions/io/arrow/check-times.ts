import { ArrowFormatError } from '../../contract/errors-arrow.ts';
import type { LoadArray } from './load-array.ts';

export const MICROS_OF_DAY = 86_400_000_000;
const WORD = 2 ** 32;

/**
 * Loads times of 8 bytes that lie within a day, 24:00 included, where they are not null: DuckDB prints others
 * from memory that is not theirs.
 */
export const withinDay =
  (load: LoadArray, largest: number): LoadArray =>
  (cursor) => {
    const array = load(cursor);
    if (array.kind !== 'fixed' || array.width !== 8) throw new Error('times are loaded as 8 bytes each');
    const { values, validity, length } = array;
    const bytes = values.byteOffset % 4 === 0 ? values : values.slice();
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * length);
    const high = Math.floor(largest / WORD);
    const low = largest % WORD;
    for (let row = 0; row < length; row++) {
      const above = words[2 * row + 1] as number;
      if (above < high || (above === high && (words[2 * row] as number) <= low)) continue;
      const isValid = validity === null || (((validity[row >>> 3] as number) >>> (row & 7)) & 1) === 1;
      if (isValid) throw new ArrowFormatError('a time of day lies outside the day');
    }
    return array;
  };
