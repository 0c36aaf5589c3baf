import { afterAll, beforeAll, expect, it } from 'vitest';
import { kindOfKey, kindOfPrefix } from '../../../functions/io/s3/key-kind.ts';
import { forgetRequests, listRequests } from '../../emulator/emulator-door.ts';
import { openStack, type Stack } from './open-stack.ts';
let stack: Stack;
beforeAll(async () => { stack = await openStack();
  const rows = Array.from({ length: 100_000 }, (_, row) => `${row},${row % 3700},${(row * 7919) % 101}`);
  await stack.putData('in/figures.csv', `v,k,x\n${rows.join('\n')}\n`);
});
afterAll(() => stack.close());
it.each([[2,2],[8,8],[16,8],[8,16]])('counts %i x %i', async (map, reduce) => {
  const id = `figures-${map}-${reduce}`;
  const door = { endpoint: stack.facts.endpoint ?? '' };
  await forgetRequests(door);
  await stack.send;
  await stack.submit({ id, tasks: { map, reduce }, spec: { name: 'counted', input: { uri: `s3://${stack.data}/in/figures.csv` }, steps: [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)', m: 'median(v)' } } }], output: { uri: `s3://${stack.data}/results/${id}/` } } });
  const ex = await stack.execution(`${id}-0001-1`).catch(async () => { await stack.waitUntil('x', async () => (await stack.read(id))); return stack.execution(`${id}-0001-1`); });
  const all = [...(await listRequests(door, stack.blocks)).map((r) => ({ ...r, b: 'blocks' })), ...(await listRequests(door, stack.data)).map((r) => ({ ...r, b: 'data' }))];
  const m = new Map<string, number>();
  for (const r of all) { if (!r.key.includes(id) && r.operation !== 'DeleteObjects' && !r.key.startsWith('slots') && !r.key.startsWith('waiting') && !r.key.startsWith('history') && !r.key.includes('figures.csv')) continue; const k = `${r.b} ${r.operation} ${r.operation.startsWith('List') ? kindOfPrefix(r.key) : kindOfKey(r.key)} ${/jobs\/[^/]+\/[^/]+\/([^/]+)\//.exec(r.key)?.[1] ?? ''}`; m.set(k, (m.get(k) ?? 0) + 1); }
  console.log(id, all.length, ex.events.length, '\n' + [...m].sort().map(([k, n]) => `${String(n).padStart(6)} ${k}`).join('\n'));
  expect(1).toBe(1);
});
