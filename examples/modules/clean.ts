/** `map`: one row in, one row out. What is returned replaces all columns, so `id` is returned too. */
import { defineMap } from 'daybreak';

type Review = { id: bigint; text: string | null; written_at: bigint };

export default defineMap((row: Review) => ({
  id: row.id,
  text: (row.text ?? '').normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase(),
  // Timestamps come as microseconds since 1970; a Date may be returned for one.
  month: new Date(Number(row.written_at / 1000n)).toISOString().slice(0, 7),
}));
