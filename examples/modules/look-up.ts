/**
 * `map` with an asynchronous call: at most `concurrency` are open at once in a worker, each may take as long as
 * `timeout` says, and the rows keep their order. A call that throws, or takes too long, rejects its row alone.
 */
import { defineMap } from 'daybreak';

type Options = { url: string };

export const init = ({ url }: Options) => ({ prices: new URL('/prices/', url) });

export default defineMap(
  async (row: { id: bigint; product: string }, context: ReturnType<typeof init>, call) => {
    const response = await fetch(new URL(encodeURIComponent(row.product), context.prices), {
      // Ends the request when the time of the call is over, or the job is cancelled.
      signal: call.signal,
    });
    if (!response.ok) throw new Error(`${row.product}: the service answered ${response.status}`);
    const { price } = (await response.json()) as { price: string };
    return { id: row.id, product: row.product, price };
  },
);
