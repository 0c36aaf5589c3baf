import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseEngine, type FoundEngines, type FoundVllm } from '../../functions/core/choose-engine.ts';
import { announceSeed } from '../oracle/grammar.ts';

const cuda: FoundVllm = { python: '/gpu/python', version: '0.33.0', device: 'cuda' };
const cpu: FoundVllm = { python: '/cpu/python', version: '0.32.0+cpu', device: 'cpu' };
const nothing: FoundEngines = { gpus: [], vllms: [], endpoints: [], notes: [] };
const auto = { engine: 'auto', model: 'org/model' };

const choose = (found: Partial<FoundEngines>, wanted: Partial<typeof auto> = {}) =>
  chooseEngine({ ...nothing, ...found }, { ...auto, ...wanted });

describe('chooseEngine', () => {
  it('takes a local GPU before the CPU build, and that before an endpoint', () => {
    const endpoints = [{ name: 'local' }];
    expect(choose({ gpus: ['NVIDIA L4'], vllms: [cpu, cuda], endpoints })).toMatchObject({
      kind: 'vllm',
      vllm: cuda,
      because: expect.stringContaining('NVIDIA L4'),
    });
    expect(choose({ vllms: [cpu, cuda], endpoints })).toMatchObject({ kind: 'vllm', vllm: cpu });
    expect(choose({ endpoints })).toMatchObject({ kind: 'endpoint', name: 'local' });
  });

  it('says of a GPU that no vLLM is there for it', () => {
    expect(choose({ gpus: ['NVIDIA L4'], vllms: [cpu] })).toMatchObject({
      vllm: cpu,
      because: 'vLLM 0.32.0+cpu for the CPU: no vLLM for the NVIDIA L4 was found here',
    });
  });

  it('names both ways out where nothing can run a model, and what was looked at in vain', () => {
    const choice = choose({ notes: ['the Python of DAYBREAK_VLLM_PYTHON has no vLLM'] });
    expect(choice).toMatchObject({ kind: 'none' });
    const { problem } = choice as { problem: string };
    expect(problem).toContain('npm run setup:vllm');
    expect(problem).toContain('docs/endpoints.md');
    expect(problem).toContain('DAYBREAK_VLLM_PYTHON has no vLLM');
  });

  it('asks for a name where several endpoints may have the model', () => {
    const endpoints = [{ name: 'ollama' }, { name: 'vendor' }];
    expect(choose({ endpoints })).toMatchObject({
      kind: 'none',
      problem: expect.stringContaining('`ollama`, `vendor`'),
    });
  });

  it('takes of several endpoints the one that serves the model', () => {
    const endpoints = [
      { name: 'ollama', models: ['other'] },
      { name: 'vendor', models: ['org/model'] },
    ];
    expect(choose({ endpoints })).toMatchObject({ kind: 'endpoint', name: 'vendor' });
    expect(choose({ endpoints }, { model: 'a third' })).toMatchObject({
      kind: 'none',
      problem: expect.stringContaining('do not serve the model a third'),
    });
  });

  it('takes the endpoint that the spec names, whatever else is there', () => {
    const found = { gpus: ['NVIDIA L4'], vllms: [cuda], endpoints: [{ name: 'ollama' }, { name: 'vendor' }] };
    expect(choose(found, { engine: 'vendor' })).toMatchObject({ kind: 'endpoint', name: 'vendor' });
    expect(choose(found, { engine: 'vendro' })).toMatchObject({
      kind: 'none',
      problem: expect.stringContaining('`ollama`, `vendor`'),
    });
  });

  it('never answers vllm with an endpoint', () => {
    expect(choose({ endpoints: [{ name: 'vendor' }] }, { engine: 'vllm' })).toMatchObject({
      kind: 'none',
      problem: expect.stringContaining('npm run setup:vllm'),
    });
  });

  it('gives a choice with a reason, or a problem, for all that can be found', () => {
    const vllm = fc.constantFrom(cuda, cpu);
    const endpoint = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      models: fc.option(fc.subarray(['org/model', 'other']), { nil: undefined }),
    });
    const found = fc.record({
      gpus: fc.subarray(['NVIDIA L4', 'NVIDIA H200']),
      vllms: fc.array(vllm, { maxLength: 3 }),
      endpoints: fc.uniqueArray(endpoint, { selector: ({ name }) => name, maxLength: 3 }),
      notes: fc.subarray(['one', 'two']),
    });
    fc.assert(
      fc.property(found, fc.constantFrom('auto', 'vllm', 'a'), (engines, engine) => {
        const choice = chooseEngine(engines, { engine, model: 'org/model' });
        if (choice.kind === 'none') {
          expect(choice.problem).toMatch(/docs\/endpoints\.md|name one of/);
          return;
        }
        expect(choice.because).not.toBe('');
        if (choice.kind === 'vllm') {
          expect(engine).not.toBe('a');
          expect(engines.vllms).toContain(choice.vllm);
          if (choice.vllm.device === 'cuda') expect(engines.gpus).not.toEqual([]);
        } else expect(engines.endpoints.map(({ name }) => name)).toContain(choice.name);
      }),
      announceSeed('choice of an engine', 500),
    );
  });
});
