import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareReport, type ReportFacts } from '../../../cli/report-page/prepare-report.ts';
import { renderPage } from '../../../cli/report-page/render-page.ts';
import { gatherFacts, readPageAssets } from '../../../cli/report-page/write-report-page.ts';
import { openJobWorld } from '../../../cli/world.ts';
import { NotBuiltError } from '../../../functions/contract/errors-command.ts';
import { KEYS } from '../../../functions/contract/keys.ts';
import type { Report } from '../../../functions/contract/report.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { readJobState } from '../../../functions/stages/read-job-state.ts';
import { HOSTILE_NAMES, HOSTILE_TEXT } from './hostile-names.ts';
import { type SyntheticOptions, writeRejects, writeSyntheticJob } from './synthetic-job.ts';

const ASSETS = { script: 'draw()', style: 'p{color:red}' };

let folder: string;
let store: ObjectStore;
let rejectsPath: string;
let facts: ReportFacts;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-page-'));
  store = await openFileStore(folder);
  rejectsPath = await writeRejects(folder);
  facts = await factsOf({ job: 'whole', tasks: 16, workers: 3 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const factsOf = async (options: SyntheticOptions): Promise<ReportFacts> => {
  await writeSyntheticJob(store, { ...options, rejectsPath });
  const state = await readJobState(openJobWorld(store), options.job);
  if (state.report === undefined) throw new Error('no report');
  return gatherFacts(store, { ...state, report: state.report });
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

it('says of each stage what its commits say', () => {
  const page = prepareReport(facts);
  for (const [index, stage] of page.stages.entries()) {
    const commits = facts.commits[index] ?? [];
    expect(stage).toMatchObject({
      tasks: 16,
      adopted: 0,
      workers: 3,
      bytesRead: sum(commits.map(({ bytesRead }) => bytesRead ?? 0)),
      bytesWritten: sum(commits.map(({ block }) => block.sizeBytes)),
      rowsRead: sum(commits.map(({ counts }) => counts.read)),
    });
    expect(stage.busyShare).toBeGreaterThan(0);
    expect(stage.busyShare).toBeLessThanOrEqual(1);
    expect(stage.slowestSeconds).toBeGreaterThanOrEqual(stage.medianSeconds);
  }
  expect(page.charts.tasks).toHaveLength(48);
  expect(page.charts.shuffles.map(({ stage }) => stage)).toEqual(['00-map', '01-reduce']);
});

it('says how it ended, against its deadline, in a sentence', () => {
  const { report } = facts;
  expect(prepareReport(facts)).toMatchObject({
    sentence: expect.stringMatching(
      /^Published in .*: [\d,]+ rows read, [\d,]+ written to 16 parquet files\.$/,
    ),
    deadline: expect.stringMatching(/^5h 59m before its deadline of 2026-11-22 15:30:00 UTC\.$/),
  });
  const late = prepareReport({ ...facts, report: { ...report, deadlineAt: '2026-11-22T09:30:01.000Z' } });
  expect(late.deadline).toMatch(/ after its deadline /);
  const failure = { name: 'TaskMemoryError', message: 'too little' };
  const failed = prepareReport({ ...facts, report: { ...report, outcome: 'failed', failure } });
  expect(failed.sentence).toMatch(/^Failed after .*\. Nothing was published\.$/);
  expect(failed.failure?.remedy).toContain('--memory');
});

it('counts rejects by cause and column', () => {
  expect(prepareReport(facts).rejects).toEqual([
    { cause: 'cast', column: 'id', rows: 4 },
    { cause: 'missing_columns', column: '', rows: 2 },
  ]);
});

it('says so where the rejects are gone', async () => {
  const gone = await factsOf({ job: 'gone', tasks: 2, workers: 1 });
  await store.deletePrefix(KEYS.rejects.prefix({ job: 'gone', run: '0001', stage: '00-map' }));
  const state = await readJobState(openJobWorld(store), 'gone');
  const { rejects } = await gatherFacts(store, { ...state, report: gone.report });
  expect(rejects).toBeUndefined();
  expect(renderPage(prepareReport({ ...gone, rejects: undefined }), ASSETS)).toContain(
    'are gone, or too large',
  );
});

it('leaves out of the times what an earlier run did', () => {
  const trace = facts.trace.map((event) =>
    event.event === 'committed' && event.stage === '00-map' ? { ...event, blockRun: '0000' } : event,
  );
  const page = prepareReport({ ...facts, trace });
  expect(page.stages.map(({ adopted }) => adopted)).toEqual([16, 0, 0]);
  expect(page.charts.tasks).toHaveLength(32);
  expect(renderPage(page, ASSETS)).toContain('(16 taken over)');
});

it('weighs a task that does not say what it read by what it was to read', () => {
  const trace = facts.trace.map((event) => {
    if (event.event === 'listed') {
      return { ...event, weights: event.weights.map(([task]): [string, number] => [task, 4e6]) };
    }
    if (event.event !== 'committed') return event;
    const { bytesRead: _, ...old } = event;
    return old;
  });
  const first = prepareReport({ ...facts, trace }).charts.tasks[0];
  expect(first?.bytesRead).toBe(4e6);
});

it('draws nothing of a job that was refused before a run', () => {
  const failure = { name: 'OutputExistsError', message: 'it is there' };
  const report: Report = { ...facts.report, outcome: 'refused', stages: [], failure };
  const page = prepareReport({
    ...facts,
    report,
    plan: undefined,
    trace: facts.trace.slice(0, 1),
    commits: [],
  });
  expect(page.charts.tasks).toEqual([]);
  const text = renderPage(page, ASSETS);
  expect(text).toContain('it is there');
  expect(text).not.toContain('<h2>Timeline</h2>');
});

describe('the page', () => {
  it('lets only its own script and style run, by their hashes', () => {
    const text = renderPage(prepareReport(facts), ASSETS);
    const hash = (of: string): string => `sha256-${createHash('sha256').update(of).digest('base64')}`;
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1];
    expect(policy?.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; script-src '${hash(ASSETS.script)}'; style-src '${hash(ASSETS.style)}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(text.indexOf('Content-Security-Policy')).toBeLessThan(text.indexOf('<style>'));
    expect(text).not.toMatch(/ style="| on\w+="|https?:\/\/(?!www\.w3\.org)/);
  });

  it.each([
    ['script', { ...ASSETS, script: 'a("</script>")' }],
    ['script', { ...ASSETS, script: 'a("<!--")' }],
    ['script', { ...ASSETS, script: 'a\r\n' }],
    ['style', { ...ASSETS, style: 'p{}</style>' }],
  ])('rejects a %s that would not be the element it is in', (_, assets) => {
    expect(() => renderPage(prepareReport(facts), assets)).toThrow("the page's script or style holds");
  });

  it.each(HOSTILE_TEXT)('has the same elements whatever a name says: %s', async (text) => {
    const tags = (page: string): readonly string[] => page.match(/<\/?[a-z][^\s>]*/gi) ?? [];
    const job = `named-${HOSTILE_TEXT.indexOf(text)}`;
    const hostile = await factsOf({ job, tasks: 2, workers: 1, names: HOSTILE_NAMES(text) });
    const failure = { name: text, message: text };
    const rejects = [{ cause: text, column: text, rows: 1 }];
    const plain = { ...hostile, job: facts.job, plan: facts.plan };
    const page = (of: ReportFacts, name: string): string =>
      renderPage(prepareReport({ ...of, rejects, report: { ...hostile.report, name, failure } }), ASSETS);
    expect(tags(page(hostile, text))).toEqual(tags(page(plain, 'plain')));
  });
});

it('fails with NotBuiltError where the script was not built', async () => {
  await expect(readPageAssets([folder])).rejects.toThrow(NotBuiltError);
});
