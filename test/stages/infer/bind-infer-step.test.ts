import { describe, expect, it } from 'vitest';
import { InferStep } from '../../../functions/contract/infer-step.ts';
import type { EngineFacts } from '../../../functions/io/models/engine-facts.ts';
import { bindInferStep } from '../../../functions/stages/infer/bind-infer-step.ts';
import { withConnection } from '../../io/arrow/round-trip.ts';

const COLUMNS = [
  { name: 'id', type: 'BIGINT' },
  { name: 'body', type: 'VARCHAR' },
  { name: 'theme_info', type: 'VARCHAR' },
];
const FACTS: EngineFacts = {
  engine: { kind: 'vllm', args: {} },
  model: { name: 'm', revision: 'r' },
  contextTokens: 1_000,
  sampling: { temperature: 0.6, top_p: 0.9 },
  because: 'a test',
  notes: [],
  machine: 'here',
};

const bind = (given: object, facts: Partial<EngineFacts> = {}, columns = COLUMNS) => {
  let asked = 0;
  return withConnection(async (connection) => {
    const bound = await bindInferStep(connection, {
      step: 2,
      given: InferStep.parse({ model: 'm', output: 'answer', ...given }),
      columns,
      seed: 7,
      findFacts: async () => {
        asked += 1;
        return { ...FACTS, ...facts };
      },
    });
    return { ...bound, asked };
  });
};
const problemsOf = async (given: object, facts: Partial<EngineFacts> = {}, columns = COLUMNS) =>
  (await bind(given, facts, columns)).problems.map(({ path, message }) => `${path}: ${message}`);

describe('bindInferStep', () => {
  it('keeps the columns, with the answer and its figures behind them', async () => {
    const { step } = await bind({ prompt: '{{ body }}', sampling: { temperature: 0 } });
    expect(step?.columns.slice(3)).toEqual([
      { name: 'answer', type: 'VARCHAR' },
      {
        name: 'answer_info',
        type: 'STRUCT(finish_reason VARCHAR, prompt_tokens INTEGER, output_tokens INTEGER)',
      },
    ]);
    expect(step).toMatchObject({
      uses: ['body'],
      seed: 7,
      answer: { kind: 'text' },
      // What the spec says goes before what the makers of the model advise.
      sampling: { temperature: 0, top_p: 0.9, max_tokens: 500 },
    });
  });

  it('types answers as the engine names the types', async () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' }, 'a b': { type: 'array', items: {} } },
    };
    expect((await bind({ prompt: 'x', schema })).step?.output.type).toBe('STRUCT(n BIGINT, "a b" JSON[])');
    expect((await bind({ task: 'embed', prompt: 'x' }, { dimensions: 8 })).step?.output.type).toBe(
      'FLOAT[8]',
    );
    expect((await bind({ task: 'score', query: 'x', document: 'y' })).step?.output.type).toBe('DOUBLE');
  });

  it('reports all problems of a step at once, and asks for no model then', async () => {
    const given = { prompt: '{{ bdy }}', output: 'theme', schema: { type: 'objekt' } };
    const { problems, asked, step } = await bind(given);
    expect(problems.map(({ path }) => path)).toEqual([
      'steps[2].infer.prompt',
      'steps[2].infer.output',
      'steps[2].infer.schema.type',
    ]);
    expect(problems[0]).toMatchObject({ suggestion: 'body' });
    expect(asked).toBe(0);
    expect(step).toBeUndefined();
  });

  it.each([
    [{ prompt: 'x', output: 'ID' }, /infer\.output: there is a column id already/],
    [{ messages: 'id' }, /infer\.messages: the column id is of type BIGINT/],
    [{ messages: 'turns' }, /infer\.messages: there is no column turns/],
    [{ task: 'embed', prompt: 'x' }, /infer\.model: how long the vectors of m are is not known/],
    [{ prompt: 'x', sampling: { max_tokens: 1_000 } }, /max_tokens: 1000 tokens of answer leave no room/],
  ])('names what is wrong with %j', async (given, expected) => {
    expect((await problemsOf(given)).join('\n')).toMatch(expected);
  });

  it('refuses an expression that the worker cannot read, of vLLM alone', async () => {
    const given = { prompt: 'x', schema: { type: 'object', properties: { a: { pattern: '^\\p{L}+$' } } } };
    expect(await problemsOf(given)).toEqual([
      'steps[2].infer.schema.properties.a.pattern: has a property of characters (`\\p`), which answers of vLLM cannot be held against',
    ]);
    expect(await problemsOf(given, { engine: { kind: 'endpoint', name: 'e' } })).toEqual([]);
  });

  it('refuses columns with names that it uses itself', async () => {
    const columns = [{ name: 'Daybreak_Answer', type: 'VARCHAR' }];
    expect(await problemsOf({ prompt: 'x' }, {}, columns)).toEqual([
      'steps[2].infer: the column Daybreak_Answer has a name that the step uses itself: rename it before',
    ]);
  });
});
