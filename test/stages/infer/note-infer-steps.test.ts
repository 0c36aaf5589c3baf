import { describe, expect, it } from 'vitest';
import { Step } from '../../../functions/contract/steps.ts';
import { noteInferSteps } from '../../../functions/stages/infer/judge-infer-steps.ts';

const notesOf = (infer: Readonly<Record<string, unknown>>) =>
  noteInferSteps([Step.parse({ filter: 'a' }), Step.parse({ infer: { model: 'm', output: 'o', ...infer } })]);

describe('noteInferSteps', () => {
  it('says that a prompt names no column', () => {
    expect(notesOf({ prompt: '{product}: {text}' })).toEqual([
      { path: 'steps[1].infer', message: expect.stringContaining('written {{ product }}') },
    ]);
    expect(notesOf({ task: 'score', query: 'q', document: 'd' })).toHaveLength(1);
  });

  it('says nothing where any template names one, or a column has the messages', () => {
    expect(notesOf({ prompt: 'Is {product} in {{ text }}?' })).toEqual([]);
    expect(notesOf({ task: 'score', query: 'q', document: '{{ passage }}' })).toEqual([]);
    expect(notesOf({ messages: 'turns' })).toEqual([]);
  });
});
