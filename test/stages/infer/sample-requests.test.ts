import type { DuckDBConnection } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import { type SampledInput, sampleRequests } from '../../../functions/stages/infer/sample-requests.ts';

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
