/** Law: what a task said whose place others took counts nowhere, be the stage sealed or not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prepareReport } from '../../cli/report-page/prepare-report.ts';
import { gatherFacts } from '../../cli/report-page/write-report-page.ts';
import { openJobWorld } from '../../cli/world.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { listAmendments } from '../../functions/io/seal-stage.ts';
import { readJobState } from '../../functions/stages/read-job-state.ts';
import { runInProcess } from './run-in-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-amended-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TASKS = 5;
/** Bad values everywhere, and one quote that gives the whole file to one task. */
const writeInput = async (): Promise<void> => {
  const lines = Array.from({ length: 2000 }, (_, n) => `${n % 50 === 7 ? 'bad' : n},k${n % 11}`);
  lines.splice(1700, 0, '1,"k"x');
  await writeFile(join(folder, 'input.csv'), `n,k\n${lines.join('\n')}\n`);
};

const statesOf = async () => {
  const store = await openFileStore(join(folder, 'state'));
  const state = await readJobState(openJobWorld(store), 'one');
  if (state.report === undefined) throw new Error('no report');
  return { store, state: { ...state, report: state.report } };
};

it('is left out of rejects, partitions, stages and states', async () => {
  await writeInput();
  const report = await runInProcess({
    spec: {
      name: 'amended',
      input: { uri: join(folder, 'input.csv'), csv: { types: { n: 'BIGINT' }, quote: '"' } },
      steps: [{ filter: 'n >= 0' }, { group_by: { keys: ['k'], aggregates: { rows: 'count(*)' } } }],
      output: { uri: join(folder, 'out') },
      errors: { max_rejects: '50%' },
    },
    id: 'one',
    workdir: join(folder, 'state'),
    tasks: { map: TASKS, reduce: 2 },
  });
  const { store, state } = await statesOf();
  const stage = { job: 'one', run: '0001', stage: '00-map' };
  const voided = (await listAmendments(store, stage)).flatMap((amendment) => amendment.void);
  expect(voided.length).toBeGreaterThanOrEqual(TASKS);
  const page = prepareReport(await gatherFacts(store, state));
  const counted = page.rejects?.reduce((sum, { rows }) => sum + rows, 0);
  expect(counted).toBe(report.rows.rejected);
  expect(page.charts.shuffles[0]).toMatchObject({ tasks: 1, rows: report.stages[0]?.counts.written });

  // The same before the seal: a run that ended there has its report all the same.
  await store.delete(KEYS.sealed.render(stage));
  const { state: unsealed } = await statesOf();
  expect(unsealed.stages[0]).toEqual({ stage: '00-map', tasks: 1, committed: 1, isSealed: false });
  const facts = await gatherFacts(store, unsealed);
  expect(facts.commits[0]).toHaveLength(1);
});
