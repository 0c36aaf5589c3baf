import { describe, expect, it } from 'vitest';
import { checkMapStages } from '../../corpus/check-map-stages.ts';

const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? 20_261_122);
const FILES = 20;

describe('a map stage over cut CSV files', () => {
  it(`has the rows, rejects and failures of the whole file: ${FILES} from seed ${SEED}`, async () => {
    const tally = await checkMapStages(SEED, FILES);
    console.log(`map stages from seed ${SEED}:`, Object.fromEntries(tally));
    expect(tally.get('rows, amendments: 1')).toBeGreaterThan(0);
  }, 120_000);
});
