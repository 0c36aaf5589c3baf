import { describe, expect, it } from 'vitest';
import type { PlannedInferStep } from '../../functions/contract/planned-infer.ts';
import { renderSeed, renderTypedAnswer } from '../../functions/sql/infer-halves.ts';
import { quoteText } from '../../functions/sql/quote.ts';
import { withConnection } from '../io/arrow/round-trip.ts';

const INPUT = [
  { name: 'id', type: 'BIGINT' },
  { name: 'body', type: 'VARCHAR' },
];
const STEP: PlannedInferStep = {
  kind: 'infer',
  step: 0,
  columns: [],
  input: INPUT,
  uses: ['body'],
  task: 'chat',
  engine: { kind: 'vllm', args: {} },
  model: { name: 'm' },
  prompts: { prompt: '{{ body }}' },
  answer: { kind: 'text' },
  seed: 7,
  output: { name: 'answer', type: 'VARCHAR' },
};

const seedsOf = (step: PlannedInferStep, rows: string): Promise<readonly unknown[]> =>
  withConnection(async (connection) => {
    const sql = `SELECT ${renderSeed(step)}::VARCHAR FROM (SELECT id, body, coalesce(body, '-') AS daybreak_request FROM (${rows}))`;
    return (await connection.runAndReadAll(sql)).getRows().map(([seed]) => seed);
  });

const THREE = "SELECT * FROM (VALUES (1::BIGINT, 'a'), (2, 'a'), (3, NULL)) t(id, body)";

/** By Python: the last eight bytes of the MD5 of `7/answer`, the request and the row, a line each, modulo 2^31. */
const GOLDEN = ['1881669890', '111705558', '700333313'];

describe('the seed of a row', () => {
  it('is pinned: answers of an earlier version are those of this one', async () => {
    expect(await seedsOf(STEP, THREE)).toEqual(GOLDEN);
  });

  it('depends on the seed of the step, the name of its output and the row, and on nothing else', async () => {
    const all = await seedsOf(STEP, THREE);
    expect(await seedsOf({ ...STEP, seed: 8 }, THREE)).not.toEqual(all);
    expect(await seedsOf({ ...STEP, output: { name: 'b', type: 'VARCHAR' } }, THREE)).not.toEqual(all);
    expect(await seedsOf(STEP, `${THREE} WHERE id = 2`)).toEqual([all[1]]);
    expect(new Set(all.slice(0, 2)).size).toBe(2);
  });

  it('is below 2^31, and 0 where nothing is drawn', async () => {
    const many = await seedsOf(STEP, "SELECT i AS id, 'x' || i AS body FROM range(10000) t(i)");
    expect(many.every((seed) => Number(seed) >= 0 && Number(seed) < 2 ** 31)).toBe(true);
    expect(new Set(many).size).toBeGreaterThan(9_990);
    expect(new Set(await seedsOf({ ...STEP, task: 'embed' }, THREE))).toEqual(new Set(['0']));
  });
});

describe('a typed answer', () => {
  const schema = {
    type: 'object',
    properties: {
      big: { type: 'integer' },
      n: { type: 'number' },
      'a/b~c "d"': { type: ['string', 'null'] },
      list: { type: 'array', items: { type: 'object', properties: { x: { type: 'boolean' } } } },
      any: {},
      map: { type: 'object', additionalProperties: { type: 'integer' } },
    },
  };
  const read = (answer: string): Promise<unknown> =>
    withConnection(async (connection) => {
      const typed = renderTypedAnswer({ answer: { kind: 'json', schema } });
      const sql = `SELECT to_json(${typed})::VARCHAR FROM (SELECT ${quoteText(answer)} AS daybreak_answer)`;
      const text = (await connection.runAndReadAll(sql)).getRows()[0]?.[0];
      return typeof text === 'string' ? text : null;
    });

  it('keeps whole numbers of 64 bits, names with any character, and what has no type', async () => {
    const answer = `{"big": 9223372036854775807, "n": 0.1, "a/b~c \\"d\\"": "it's", "list": [{"x": true}, null, {}], "any": {"k": [1, "2"]}, "map": {"k": 1}, "more": 1}`;
    expect(await read(answer)).toBe(
      '{"big":9223372036854775807,"n":0.1,"a/b~c \\"d\\"":"it\'s","list":[{"x":true},null,{"x":null}],"any":{"k":[1,"2"]},"map":{"k":1}}',
    );
  });

  it('has NULL for what is missing, and for null', async () => {
    const empty = '{"big":null,"n":null,"a/b~c \\"d\\"":null,"list":null,"any":null,"map":null}';
    expect(await read('{}')).toBe(empty);
    expect(await read('{"big": null, "list": null, "any": null}')).toBe(empty);
  });

  it('is NULL as a whole where a value does not fit, for the row to become a reject', async () => {
    expect(await read('{"big": 92233720368547758080}')).toBeNull();
    expect(await read('{"big": 9007199254740993.0}')).toBeNull();
    expect(await read('{"n": 1e400}')).toBeNull();
    expect(await read('{"list": {"x": true}}')).toBeNull();
    expect(await read('{"list": ["x"]}')).toBeNull();
    expect(await read('{"map": [1]}')).toBeNull();
    expect(await read('7')).toBeNull();
  });
});
