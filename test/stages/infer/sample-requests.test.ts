import type { DuckDBConnection } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import {
  judgeRendered,
  type SampledInput,
  sampleRequests,
} from '../../../functions/stages/infer/sample-requests.ts';

/** Samples an input whose first rows cannot be had, for this reason. */
const sampleFailing = (failure: unknown, signal = new AbortController().signal) => {
  const input = { format: 'csv', files: [], columns: [] } as unknown as SampledInput['input']; // nobody reads it
  const look = { withFirstRows: () => Promise.reject(failure) } as unknown as SampledInput['look'];
  const step = { uses: [], input: [] } as unknown as PlannedInferStep;
  const connection = {} as DuckDBConnection;
  return sampleRequests(connection, { input, inputColumns: [], look }, { before: [], step, rows: 1, signal });
};

describe('sampleRequests', () => {
  it('knows nothing where a row fails, for its task will say so', async () => {
    expect(await sampleFailing(new Error('Conversion Error: no number'))).toBeUndefined();
  });

  it('fails with the reason of the signal, and with a mistake of ours', async () => {
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(sampleFailing(new Error('INTERRUPT'), stopped)).rejects.toThrow('stopped');
    await expect(sampleFailing(new TypeError('ours'))).rejects.toThrow('ours');
  });
});

describe('judgeRendered', () => {
  const renderedOf = (prompt: string) => ({ text: JSON.stringify({ prompt }) });

  it('leaves what is too long out of the requests and their characters, as other bad rows', async () => {
    const rendered = [
      renderedOf('one'),
      { cause: 'empty_prompt' } as const,
      renderedOf('x'.repeat(900)),
      renderedOf('two'),
    ];
    const asked: unknown[] = [];
    const sample = await judgeRendered(rendered as Parameters<typeof judgeRendered>[0], async (requests) => {
      asked.push(...requests);
      return [1];
    });
    expect(asked).toHaveLength(3);
    expect(sample).toEqual({
      requests: [{ prompt: 'one' }, { prompt: 'two' }],
      characters: 2 * '{"prompt":"one"}'.length,
      bad: [
        { cause: 'empty_prompt', rows: 1, first: 1 },
        { cause: 'prompt_too_long', rows: 1, first: 2 },
      ],
    });
  });

  it('takes all that can be rendered where nobody here can count', async () => {
    const { requests, bad } = await judgeRendered(
      [renderedOf('one'), renderedOf('two')] as Parameters<typeof judgeRendered>[0],
      undefined,
    );
    expect([requests, bad]).toEqual([[{ prompt: 'one' }, { prompt: 'two' }], []]);
  });
});
