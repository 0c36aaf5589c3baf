import { describe, expect, it } from 'vitest';
import { renderModels } from '../../../cli/infer/render-models.ts';
import type { RejectLimit } from '../../../functions/contract/plan-header.ts';
import type { InferEstimate } from '../../../functions/contract/planned-infer.ts';
import type { ModelOutlook } from '../../../functions/stages/infer/plan-models.ts';

const estimate: InferEstimate = {
  promptTokensPerCharacter: 0.2512,
  promptBasis: 'history',
  outputTokensPerRow: 3,
  basis: 'history',
  because: 'as before',
};
const sample = { characters: 4_000, rows: 50, read: 50, isAll: true, bad: [] };
const outlook: ModelOutlook = {
  stage: 1,
  because: 'configured',
  notes: [],
  estimate,
  sample,
  rows: 50,
  tokens: { each: 20, isExact: false },
};
const opening = {
  kind: 'infer',
  step: 0,
  task: 'chat',
  engine: { kind: 'endpoint', name: 'vendor' },
  model: { name: 'tiny' },
  output: { name: 'theme', type: 'VARCHAR' },
};
const plan = {
  stageIds: ['00-map', '01-infer'],
  stages: [{ kind: 'map' }, { kind: 'infer', opening }],
  // What is not read of a plan is left out.
} as unknown as Parameters<typeof renderModels>[0];

const linesOf = (
  given: Partial<ModelOutlook>,
  rejectLimit: RejectLimit = { unit: 'rows', value: 0 },
): readonly string[] => renderModels({ ...plan, rejectLimit }, [{ ...outlook, ...given }]);

describe('renderModels', () => {
  it('says whether the tokens of prompts were learned or assumed, with digits that count', () => {
    expect(linesOf({})).toContain(
      'tokens  20.0 a prompt, about, with 0.25 a character, as before with this model; 3.0 an answer; 1,150 in all',
    );
    const tokens = undefined;
    expect(linesOf({ tokens, estimate: { ...estimate, promptTokensPerCharacter: 0.00213 } })).toContain(
      'tokens  0.0021 a character of a prompt, as before with this model; 3.0 an answer',
    );
    expect(linesOf({ tokens, estimate: { ...estimate, promptBasis: 'assumed' } })).toContain(
      'tokens  0.25 a character of a prompt, assumed; 3.0 an answer',
    );
    expect(
      linesOf({ tokens: { each: 20, isExact: true }, estimate: { ...estimate, promptBasis: 'counted' } }),
    ).toContain("tokens  20.0 a prompt, counted by the model's tokenizer; 3.0 an answer; 1,150 in all");
  });

  it('tells the cost where prices are configured', () => {
    const price = { inUsd: 1, outUsd: 4 };
    expect(linesOf({ price })).toContain('cost    about 0.0016 USD at the prices of the endpoint');
    expect(linesOf({ price, rows: undefined })).toContain(
      'cost    not known: the tokens of all rows are not',
    );
    expect(linesOf({}).join()).not.toContain('cost');
  });

  it('says that the job must fail where more rows are bad than may be', () => {
    const bad = [
      { cause: 'prompt_too_long', rows: 2, first: 3 },
      { cause: 'template', rows: 1, first: 9 },
    ] as const;
    const says = (limit: RejectLimit, isAll = true): boolean =>
      linesOf({ sample: { ...sample, bad, isAll } }, limit)
        .join()
        .includes('the job will end with TooManyRejectsError');
    expect(says({ unit: 'rows', value: 0 })).toBe(true);
    expect(says({ unit: 'rows', value: 2 }, false)).toBe(true);
    expect(says({ unit: 'rows', value: 3 })).toBe(false);
    expect(says({ unit: 'rate', value: 0.05 })).toBe(true);
    expect(says({ unit: 'rate', value: 0.06 })).toBe(false);
    // Of rows that nobody has looked at all may be good.
    expect(says({ unit: 'rate', value: 0.05 }, false)).toBe(false);
  });
});
