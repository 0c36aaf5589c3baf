/**
 * `map_batches`: whole columns in, whole columns out, with a model that is loaded once per worker. The weights
 * are part of the bundle here; a model of gigabytes would be read in `init`, from a path among the options.
 */
import { defineInit, defineMapBatches } from 'daybreak';
import weights from './weights.json' with { type: 'json' };

type Model = { readonly score: (text: string) => number };

export const init = defineInit(async (options: { scale: number }): Promise<Model> => {
  const words = new Map(Object.entries(weights.words));
  return {
    score: (text) => {
      const sum = text
        .toLowerCase()
        .split(/\W+/)
        .reduce((total, word) => total + (words.get(word) ?? 0), weights.bias);
      return 1 / (1 + Math.exp(-sum * options.scale));
    },
  };
});

type Columns = { id: bigint[]; text: (string | null)[] };

export default defineMapBatches((batch: Columns, model: Model) => {
  const score = Float64Array.from(batch.text, (text) => model.score(text ?? ''));
  // Arrays and typed arrays are taken, all as long as the batch.
  return { id: batch.id, score, label: Array.from(score, (value) => (value < 0.5 ? 'bad' : 'good')) };
});
