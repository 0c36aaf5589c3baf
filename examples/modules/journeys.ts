/** `map_groups`: all rows of a group in, one row or any number of rows out. */
import { defineMapGroups } from 'daybreak';

type Keys = { customer: string };
type Review = { written_at: bigint; stars: bigint; product: string };

const MICROS_PER_DAY = 86_400_000_000n;

export default defineMapGroups(({ keys, rows }: { keys: Keys; rows: Review[] }) => {
  // The rows of a group come in the order of all their columns; this one is by time.
  const byTime = rows.toSorted((left, right) => Number(left.written_at - right.written_at));
  const [first, last] = [byTime[0], byTime.at(-1)];
  if (first === undefined || last === undefined) return [];
  return {
    customer: keys.customer,
    path: byTime.map(({ product }) => product),
    days: Number((last.written_at - first.written_at) / MICROS_PER_DAY),
    change: Number(last.stars - first.stars),
  };
});
