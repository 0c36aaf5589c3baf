import { describe, expect, it } from 'vitest';
import { renderProblem, SpecError } from '../../../functions/contract/errors.ts';
import { SPEC_LIMITS } from '../../../functions/contract/spec-limits.ts';
import { parseSpec, parseSpecBytes, readSpec } from '../../../functions/io/spec/parse-spec.ts';
import { BAD_SPECS } from './bad-specs.ts';

const HEAD = 'name: a\ninput: {uri: x.csv}\noutput: {uri: o/}\n';
const parse = (text: string, file = 'job.yaml') => parseSpec(text, { file });

const problemsOf = (read: () => unknown): readonly string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof SpecError)
      return error.problems.map((problem) => renderProblem(problem, '').trim().replace(/^:/, ''));
    throw error;
  }
  return [];
};

/** Ends with the result and the milliseconds that it took. */
const timed = <Result>(run: () => Result): { readonly result: Result; readonly milliseconds: number } => {
  const startedAt = performance.now();
  const result = run();
  return { result, milliseconds: performance.now() - startedAt };
};

/** Far above what any of these take (well below one second), far below what a missing limit would cost. */
const BOUND_MS = 30_000;

describe('parseSpec', () => {
  it.each(BAD_SPECS)('rejects %s', (_title, text, expected) => {
    expect(problemsOf(() => parse(text))).toEqual(expected);
  });

  it('fills in the defaults', () => {
    expect(parse(HEAD)).toEqual({
      name: 'a',
      input: { uri: 'x.csv', schema: 'same' },
      steps: [],
      output: { uri: 'o/', format: 'parquet', mode: 'fail' },
      on_deadline: 'alert',
      errors: { max_rejects: 0 },
    });
  });

  it('takes every word of the design', () => {
    const text = `
name: support-themes
input:
  uri: [s3://acme-data/tickets/*.parquet, s3://acme-data/more/]
  format: csv
  csv: { delim: "\\t", quote: '"', escape: '"', header: true, skip: 1, nullstr: ["", NA], dateformat: "%d.%m.%Y",
    timestampformat: "%d.%m.%Y %H:%M", decimal_separator: ",", thousands: ".", comment: "#", null_padding: true,
    names: [a, b], types: { a: "DECIMAL(18,3)" }, all_varchar: false, max_line_size: 1000, sample_size: -1,
    encoding: utf-8, new_line: "\\r\\n", strict_mode: false, allow_quoted_nulls: true }
  schema: union
  hive: true
  filename: file
steps:
  - filter: "created_at >= DATE '2026-01-01'"
  - select: { id: id, team: team, text: "trim(body)", tags: tags }
  - extend: { one: 1, yes: true }
  - map: { module: m.ts, export: f, columns: [id], output: { id: BIGINT, text: "VARCHAR[]" }, options: { a: [1] }, batch_rows: 10, concurrency: 4, timeout: 30s }
  - flat_map: { module: m.ts, output: { id: BIGINT } }
  - map_batches: { module: m.ts, output: { id: BIGINT } }
  - unnest: tags
  - repartition: { by: [team] }
  - repartition: { partitions: 10 }
  - infer:
      task: chat
      engine: auto
      model: Qwen/Qwen2.5-0.5B-Instruct
      system: Name the theme.
      prompt: "{{ text }}"
      examples: [{ user: a, assistant: b }]
      sampling: { temperature: 0, max_tokens: 16 }
      schema: { type: object }
      lora: sql
      seed: 7
      truncate: left
      output: theme
  - infer: { task: score, model: m, query: "{{ a }}", document: "{{ b }}", output: score }
  - infer: { model: m, messages: chat, choice: [a, b], output: c }
  - infer: { task: generate, model: m, prompt: p, regex: "[a-z]", output: g }
  - infer: { task: embed, model: m, prompt: p, output: e }
  - group_by:
      keys: [team, theme]
      aggregates: { tickets: "count(*)", first_seen: "min(id)" }
  - group_by: { keys: [], map_groups: { module: m.ts, output: { id: BIGINT } } }
  - distinct: true
  - distinct: [team]
  - sort: { by: ["tickets DESC"], limit: 100 }
output: { uri: s3://acme-results/themes/, format: jsonl, mode: overwrite }
deadline: 6h
on_deadline: partial
budget: 20 USD
errors: { max_rejects: 1% }
lora: [{ name: sql, model: acme/sql }]
seed: 1
`;
    expect(parse(text).steps).toHaveLength(19);
  });

  it('gives the same spec for JSON and for YAML', () => {
    const spec = parse(`${HEAD}steps:\n- sort: {by: n DESC, limit: 5}\n`);
    expect(parse(JSON.stringify(spec, null, '\t'), 'job.json')).toEqual(spec);
  });

  it.each([
    ['{"name": "a",}', '1:14  not valid JSON: Expected double-quoted property name'],
    ['{"name": ', '1:10  not valid JSON: Unexpected end of JSON input'],
    ['', 'the spec is empty; it needs name, input and output'],
    ['{"name": [1, 2], "input": tru, "a": {}}', "1:30  not valid JSON: Unexpected token ','"],
    ['{name: a}', "1:2  not valid JSON: Expected property name or '}'"],
    ['name: a', "1:2  not valid JSON: Unexpected token 'a'"],
  ])('rejects %s as JSON', (text, expected) => {
    expect(problemsOf(() => parse(text, 'job.json'))).toEqual([expected]);
  });

  it('places the problems of JSON', () => {
    const text = '{\n\t"name": "a",\n\t"input": {"uri": "x"},\n\t"output": {"uri": "o", "format": "xls"}\n}';
    expect(problemsOf(() => parse(text, 'job.json'))).toEqual([
      '4:35  output.format: expected one of parquet, jsonl, csv or arrow, found "xls" (text)',
    ]);
  });

  it.each([
    ['1', '1'],
    ['1.10', '1.10'],
    ['1e3', '1e3'],
    ['-5', '-5'],
    ['10000000000000000001', '10000000000000000001'],
    ['0o7', '7'],
    ['0xff', '255'],
    ['true', 'true'],
    ['False', 'false'],
    ['y', 'y'],
    ['no', 'no'],
    ['on', 'on'],
    ["'1'", '1'],
    ['a || b', 'a || b'],
  ])('reads the expression %s as the text %s', (yaml, expected) => {
    expect(parse(`${HEAD}steps:\n- extend: {x: ${yaml}}\n`).steps).toEqual([{ extend: { x: expected } }]);
    expect(parse(`${HEAD}steps:\n- filter: ${yaml}\n`).steps).toEqual([{ filter: expected }]);
  });

  it('takes the keys of JavaScript objects as names of columns', () => {
    const [step] = parse(
      `${HEAD}steps:\n- select: {constructor: a, toString: b, hasOwnProperty: c, 1: d, true: e}\n`,
    ).steps;
    expect(step).toEqual({
      select: { constructor: 'a', toString: 'b', hasOwnProperty: 'c', 1: 'd', true: 'e' },
    });
  });

  it('rejects the keys of JavaScript objects as names of fields and steps', () => {
    const text = `${HEAD}constructor: 1\nsteps:\n- toString: a\n- hasOwnProperty: {}\n`;
    expect(problemsOf(() => parse(text)).map((line) => line.split(';')[0])).toEqual([
      '4:1  constructor: unknown field',
      '6:3  steps[0]: unknown step "toString"',
      '7:3  steps[1]: unknown step "hasOwnProperty"',
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('reads UTF-8 with and without a byte order mark', () => {
    const bytes = new TextEncoder().encode(`${HEAD}steps:\n- filter: größe > 1\n`);
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes);
    expect(parseSpecBytes(marked, { file: 'a' })).toEqual(parseSpecBytes(bytes, { file: 'a' }));
    expect(parse(`\uFEFF${HEAD}`)).toEqual(parse(HEAD));
  });

  it('takes the line ends of every system', () => {
    expect(parse(HEAD.replaceAll('\n', '\r\n'))).toEqual(parse(HEAD));
  });

  it.each([
    [
      'a byte that is not UTF-8',
      [0x61, 0x0a, 0xc3, 0xa9, 0xff, 0x62],
      '2:2  the file is not UTF-8: found the byte 0xFF',
    ],
    ['half a character at the end', [0x61, 0xc3], '1:2  the file is not UTF-8: found the byte 0xC3'],
    ['UTF-16', [0xff, 0xfe, 0x61, 0x00], '1:1  the file is UTF-16; save it as UTF-8'],
    ['a NUL', [0x61, 0x00], '1:2  the character U+0000 cannot stand in a spec'],
  ])('rejects %s', (_title, bytes, expected) => {
    expect(problemsOf(() => parseSpecBytes(Uint8Array.from(bytes), { file: 'a' }))).toEqual([expected]);
  });

  it('names the file in the message', () => {
    expect(() => parse('nme: a\n')).toThrow(/the spec is not valid \(\d problems\)\n {2}job.yaml:1:1 {2}/);
  });

  it('places a problem that is found later', () => {
    const { locate } = readSpec(`${HEAD}steps:\n- filter: a\n- select:\n    x: y\n`, { file: 'a' });
    expect(locate({ path: 'steps[1].select.x', message: 'm' })).toEqual({
      path: 'steps[1].select.x',
      message: 'm',
      line: 7,
      column: 8,
    });
  });
});

describe('parseSpec under attack', () => {
  const bomb = `a: &a [x, x]\n${Array.from({ length: 40 }, (_, index) => `b${index}: &b${index} [*${index === 0 ? 'a' : `b${index - 1}`}, *${index === 0 ? 'a' : `b${index - 1}`}]\n`).join('')}`;
  const limit = SPEC_LIMITS.documentBytes;

  it.each([
    ['a YAML bomb', bomb, /anchors are not supported/],
    ['10,000 steps', `${HEAD}steps:\n${'- filter: a\n'.repeat(10_000)}`, /at most 300 steps, found 10000/],
    ['301 steps', `${HEAD}steps:\n${'- filter: a\n'.repeat(301)}`, /at most 300 steps, found 301/],
    ['deep lists', '['.repeat(limit), /nested deeper than 64 levels/],
    ['deep lists that close', `a: ${'['.repeat(9_000)}${']'.repeat(9_000)}`, /nested deeper than 64 levels/],
    ['deep mappings', '{a: '.repeat(limit / 4), /nested deeper than 64 levels/],
    ['deep blocks', '- '.repeat(10_000), /nested deeper than 64 levels/],
    [
      '70 blocks',
      `${HEAD}x:\n${Array.from({ length: 70 }, (_, index) => `${' '.repeat(index + 1)}a:\n`).join('')}`,
      /nested deeper than 64 levels/,
    ],
    ['a document of 10 MB', 'a'.repeat(10_000_000), /at most 1048576 bytes, found 10000000/],
    ['a million commas', `[${','.repeat(limit - 2)}`, /at most 300000 tokens/],
    ['a million anchors', '&a '.repeat(limit / 3), /at most 300000 tokens/],
    ['one long key', `${'k'.repeat(limit - 10)}: 1`, /unknown field|not valid YAML/],
    [
      'many unknown fields',
      Array.from({ length: 40_000 }, (_, index) => `k${index}: 1\n`).join(''),
      /and \d+ more/,
    ],
    ['many keys given twice', 'k: 1\n'.repeat(20_000), /and \d+ more/],
    ['many bad steps', `${HEAD}steps:\n${'- fltr: a\n'.repeat(300)}`, /and 200 more/],
    ['blank lines', `a: b${'\n'.repeat(limit - 10)} c`, /unknown field/],
    ['backtracking in a duration', `${HEAD}deadline: ${'1'.repeat(100_000)}\n`, /expected a duration/],
    [
      'backtracking in a type',
      `${HEAD}steps:\n- map: {module: m, output: {a: "${'INT,'.repeat(4_000)}--"}}\n`,
      /expected a type/,
    ],
  ])('refuses %s in time', (_title, text, expected) => {
    const { result, milliseconds } = timed(() => problemsOf(() => parse(text)));
    expect(result.join('\n')).toMatch(expected);
    expect(result.join('\n').length).toBeLessThan(100_000);
    expect(milliseconds).toBeLessThan(BOUND_MS);
  });

  it('refuses the same as JSON in time', () => {
    const texts = [
      '['.repeat(limit),
      `${'['.repeat(9_000)}${']'.repeat(9_000)}`,
      `[${'0,'.repeat(400_000)}0]`,
    ];
    const { result, milliseconds } = timed(() =>
      texts.map((text) => problemsOf(() => parse(text, 'a.json')).length),
    );
    expect(result).toEqual([1, 1, 1]);
    expect(milliseconds).toBeLessThan(BOUND_MS);
  });

  it('reads a spec at the limit of steps and columns in time', () => {
    const columns = Array.from({ length: 20_000 }, (_, index) => `c${index}: a`).join(', ');
    const text = `${HEAD}steps:\n- select: {${columns}}\n${'- filter: a > 1\n'.repeat(299)}`;
    const { result, milliseconds } = timed(() => parse(text));
    expect(result.steps).toHaveLength(300);
    expect(milliseconds).toBeLessThan(BOUND_MS);
  });
});
