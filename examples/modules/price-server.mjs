/**
 * The service that look-up.yaml asks: `node examples/modules/price-server.mjs [port]`. Knows three products, and
 * answers 404 for any other.
 */
import { createServer } from 'node:http';

const PRICES = { kettle: '34.90', lamp: '12.50', chair: '89.00' };
const port = Number(process.argv[2] ?? 8080);

const server = createServer((request, response) => {
  const product = decodeURIComponent(/^\/prices\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '');
  if (!Object.hasOwn(PRICES, product)) return response.writeHead(404).end();
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ price: PRICES[product] }));
});
server.listen(port, '127.0.0.1', () => {
  console.log(`prices at http://127.0.0.1:${server.address().port}/prices/lamp; Ctrl-C ends it`);
});
