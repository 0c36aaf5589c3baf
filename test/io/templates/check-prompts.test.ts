import { describe, expect, it } from 'vitest';
import { InferStep } from '../../../functions/contract/infer-step.ts';
import { checkPrompts } from '../../../functions/io/templates/check-prompts.ts';

const COLUMNS = [
  { name: 'body', type: 'VARCHAR' },
  { name: 'who', type: 'STRUCT("name" VARCHAR, age INTEGER)' },
  { name: 'tags', type: 'VARCHAR[]' },
];

const check = (fields: object) =>
  checkPrompts(InferStep.parse({ model: 'm', output: 'o', ...fields }), ['steps', 0, 'infer'], COLUMNS);
const problemsOf = (fields: object) =>
  check(fields).problems.map(({ path, message, suggestion }) => `${path}: ${message} [${suggestion ?? ''}]`);

describe('checkPrompts', () => {
  it('finds the columns that templates read, in their order and once each', () => {
    const prompt =
      '{% assign x = who.name %}{{ x }} {{ body }} {{ BODY }} {% for t in tags %}{{ t }}{% endfor %}';
    expect(check({ prompt })).toEqual({ uses: ['body', 'who', 'tags'], isConstant: false, problems: [] });
  });

  it('names columns and fields that are not there, each once, with its place and what was meant', () => {
    const prompt = 'hello {{ bdy }}\n{{ bdy }} {{ who.nam }}';
    expect(problemsOf({ prompt })).toEqual([
      'steps[0].infer.prompt: there is no column bdy; the columns here are body, who, tags (line 1, column 10 of the template) [body]',
      'steps[0].infer.prompt: the column who has no field nam; its fields are name, age (line 2, column 14 of the template) [name]',
    ]);
  });

  it.each([
    ['{{ body.constructor }}', /is of type VARCHAR, which has no field constructor/],
    ['{{ who.__proto__ }}', /has no field __proto__/],
    ['{% include "x" %}', /tag "include" not found/],
    ['{% render "x" %}', /tag "render" not found/],
    ['{% layout "x" %}', /tag "layout" not found/],
    ['{{ tags | sample }}', /undefined filter: sample/],
    ['{{ tags | raw }}', /undefined filter: raw/],
    ['{{ body | upcas }}', /undefined filter: upcas.*\[upcase\]/],
    ['{{ body', /this is no template/],
    ['{{ body {{ tags }}', /this is no template: a \{\{ has no \}\} before the next one \(line 1/],
    ['{% for x in tags %}', /this is no template/],
  ])('refuses %s', (prompt, expected) => {
    expect(problemsOf({ prompt }).join('\n')).toMatch(expected);
  });

  it('finds templates in texts that are none', () => {
    expect(problemsOf({ prompt: '{{ body }}', system: 'you read {{ body }}' })).toEqual([
      'steps[0].infer.system: this is text, not a template, and names the column body: columns go into `prompt` []',
    ]);
  });
});
