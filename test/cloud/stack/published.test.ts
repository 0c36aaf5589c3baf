/** Laws of what a reader of the output sees, and of what the state keeps, while jobs run on the stack. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockPrefixes } from '../../../functions/contract/keys.ts';
import type { Manifest } from '../../../functions/contract/manifest.ts';
import { openStack, type Stack } from './open-stack.ts';

const ROWS = 5_000;

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
  const rows = Array.from({ length: ROWS }, (_, row) => `${row},${row % 37},${(row * 7919) % 101}`);
  await stack.putData('in/published.csv', `v,k,x\n${rows.join('\n')}\n`);
});
afterAll(() => stack.close());

const specOf = (id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'counted',
  input: { uri: `s3://${stack.data}/in/published.csv` },
  steps: [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)', m: 'median(v)' } } }],
  output: { uri: `s3://${stack.data}/results/${id}/` },
  ...more,
});

describe('a published output', () => {
  it('shows a reader no part and no manifest before publish begins, and is whole when the manifest is there', async () => {
    const id = 'published-whole';
    const prefix = `results/${id}/`;
    await stack.submit({ id, spec: specOf(id), tasks: { map: 3, reduce: 3 } });
    const seen: { readonly word: string; readonly keys: readonly string[] }[] = [];
    await stack.waitUntil('the manifest', async () => {
      const keys = await stack.listData(prefix);
      const state = await stack.read(id);
      seen.push({ word: state?.word ?? 'absent', keys });
      return keys.includes(`${prefix}_manifest.json`) ? keys : undefined;
    });
    const parts = (keys: readonly string[]): readonly string[] =>
      keys.filter((key) => key.includes('/part-'));
    // The listing came first, so a word of before is no older than its keys.
    const early = seen.filter(({ word }) => ['absent', 'waiting', 'running'].includes(word));
    expect(early.length).toBeGreaterThan(1);
    expect(early.flatMap(({ keys }) => parts(keys))).toEqual([]);
    const manifest = JSON.parse(
      new TextDecoder().decode(await stack.getData(`${prefix}_manifest.json`)),
    ) as Manifest;
    const named = manifest.parts.map(({ name }) => `${prefix}${name}`).sort();
    expect(parts(seen.at(-1)?.keys ?? [])).toEqual(named);
    // No attempt that lost was ever there.
    expect(new Set(seen.flatMap(({ keys }) => parts(keys)))).toEqual(new Set(named));
    expect(manifest.rows).toBe(37);
    const { report } = await stack.waitFor(id);
    expect(report?.rows).toEqual({ read: ROWS, written: 37, rejected: 0 });
  });

  it('is replaced whole by a job that overwrites, and refused to one that does not', async () => {
    const uri = `s3://${stack.data}/results/published-twice/`;
    const spec = (mode: string, limit: number) =>
      specOf('published-twice', {
        output: { uri, mode },
        steps: [{ sort: { by: ['v'], limit } }],
      });
    await stack.submit({ id: 'published-first', spec: spec('fail', 10) });
    expect((await stack.waitFor('published-first')).word).toBe('published');
    await stack.submit({ id: 'published-refused', spec: spec('fail', 20) });
    const refused = await stack.waitFor('published-refused');
    expect(refused).toMatchObject({ word: 'refused', report: { failure: { name: 'OutputExistsError' } } });
    await stack.submit({ id: 'published-second', spec: spec('overwrite', 30) });
    expect((await stack.waitFor('published-second')).word).toBe('published');
    await stack.withOutput(uri, async (_, manifest) => {
      expect(manifest).toMatchObject({ job: 'published-second', rows: 30 });
    });
  });

  it('leaves no block, no slot and no waiting entry behind', async () => {
    const id = 'published-swept';
    await stack.submit({ id, spec: specOf(id), tasks: { map: 2, reduce: 2 } });
    await stack.waitFor(id);
    await stack.execution(`${id}-0001-1`);
    const left: string[] = [];
    for (const prefix of blockPrefixes({ job: id }))
      for await (const { key } of stack.store.list(prefix)) left.push(key);
    for await (const { key } of stack.store.list('waiting/')) if (key.endsWith(id)) left.push(key);
    expect(left).toEqual([]);
    expect(await stack.world.findPresence({ job: id })).toBe('nobody');
  });

  it('keeps rejects within their limit, and refuses more of them by name', async () => {
    const rows = Array.from({ length: 1000 }, (_, row) => (row % 97 === 5 ? 'bad,1' : `${row},1`));
    await stack.putData('in/rejects.csv', `v,k\n${rows.join('\n')}\n`);
    const input = {
      uri: `s3://${stack.data}/in/rejects.csv`,
      format: 'csv',
      csv: { columns: { v: 'BIGINT', k: 'BIGINT' }, header: true, delim: ',' },
    };
    const steps = [{ filter: 'v >= 0' }];
    const tasks = { map: 3, reduce: 1 };
    const spec = (id: string, limit: number) => specOf(id, { input, steps, errors: { max_rejects: limit } });
    await stack.submit({ id: 'rejects-few', spec: spec('rejects-few', 20), tasks });
    await stack.submit({ id: 'rejects-many', spec: spec('rejects-many', 2), tasks });
    const few = await stack.waitFor('rejects-few');
    expect(few).toMatchObject({ word: 'published', report: { rows: { read: 1000, rejected: 11 } } });
    const keys = await stack.listData('results/rejects-few/_rejects/');
    expect(keys.length).toBeGreaterThan(0);
    const many = await stack.waitFor('rejects-many');
    expect(many).toMatchObject({ word: 'failed', outcome: { failure: { name: 'TooManyRejectsError' } } });
    expect(await stack.listData('results/rejects-many/')).toEqual([]);
  });

  it('is not there for a job that only the data could refuse', async () => {
    await stack.submit({
      id: 'refused-column',
      spec: specOf('refused-column', { steps: [{ filter: 'nothing > 1' }] }),
    });
    await stack.submit({
      id: 'refused-input',
      spec: specOf('refused-input', { input: { uri: `s3://${stack.data}/in/nothing-here/*.csv` } }),
    });
    expect(await stack.waitFor('refused-column')).toMatchObject({
      word: 'refused',
      report: { failure: { name: 'ExpressionError' } },
    });
    expect(await stack.waitFor('refused-input')).toMatchObject({
      word: 'refused',
      report: { failure: { name: 'InputNotFoundError' } },
    });
    const execution = await stack.execution('refused-column-0001-1');
    expect(execution).toMatchObject({ status: 'FAILED', error: 'ExpressionError' });
    expect(await stack.listData('results/refused-')).toEqual([]);
  });
});
