import { describe, expect, it } from 'vitest';
import { describeConstantPrompt } from '../../functions/core/describe-constant-prompt.ts';

describe('describeConstantPrompt', () => {
  it('names what stands in the braces of another language', () => {
    expect(describeConstantPrompt({ prompt: '{product}: {text}' })).toBe(
      'no template of the step names a column, so that every row asks the same: a column is written {{ product }}, and {product} is text',
    );
    expect(describeConstantPrompt({ query: 'q', document: '{ passage }' })).toContain('{{ passage }}');
  });

  it('says how a column is written where there are no braces', () => {
    for (const prompt of ['say hello', 'answer as {"label": 1}', '{{ "text" }}'])
      expect(describeConstantPrompt({ prompt })).toMatch(/a column is written {{ name }}$/);
  });
});
