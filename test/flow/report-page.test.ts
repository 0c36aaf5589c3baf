/** Law: the page of a report draws, says what the report says, asks for nothing, and no text of a job does anything in it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileStore } from '../../functions/io/file-store.ts';
import { HOSTILE_NAMES, HOSTILE_TEXT } from '../cli/report-page/hostile-names.ts';
import { type SyntheticOptions, writeRejects, writeSyntheticJob } from '../cli/report-page/synthetic-job.ts';
import { runDaybreak } from './daybreak-process.ts';
import { onlyJob, writeSpec } from './job-folder.ts';
import { openBrowser, openPage, readCanvases } from './open-browser.ts';

/** With the script and the style in it; the data of thousands of tasks comes on top. */
const MOST_BYTES = 700_000;

let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-page-'));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

const writePage = async (options: Omit<SyntheticOptions, 'rejectsPath'>): Promise<string> => {
  const workdir = join(folder, options.job);
  const store = await openFileStore(workdir);
  const rejectsPath = await writeRejects(folder);
  await writeSyntheticJob(store, { ...options, rejectsPath });
  return drawPage(options.job, workdir);
};

const drawPage = async (job: string, workdir: string): Promise<string> => {
  const page = join(folder, `${job}.html`);
  const ended = await runDaybreak(['report', job, '--workdir', workdir, '--html', page], { cwd: folder });
  expect(ended).toMatchObject({ exitCode: 0 });
  return page;
};

const textOf = (selector: string): string => `document.querySelector(${JSON.stringify(selector)}).innerText`;

describe('a job of 3 stages x 64 tasks', () => {
  let file: string;
  beforeAll(async () => {
    file = await writePage({ job: 'wide', tasks: 64, workers: 6 });
  });

  it.each([
    { width: 1280, scheme: 'light' },
    { width: 1280, scheme: 'dark' },
    { width: 400, scheme: 'light' },
  ] as const)('draws every chart without a complaint at $width px, $scheme', async (viewing) => {
    const { page, complaints, requests } = await openPage(browser, file, viewing);
    const canvases = await readCanvases(page);
    expect(canvases.map(({ id }) => id)).toEqual(['timeline', 'flow', 'shuffle0', 'shuffle1', 'tasks']);
    for (const { id, colours } of canvases) expect([id, colours > 5]).toEqual([id, true]);
    // Nothing reaches past the width of the window.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewing.width);
    expect({ complaints, requests, breaches: await page.evaluate('window.breaches') }).toEqual({
      complaints: [],
      requests: [],
      breaches: [],
    });
    await page.close();
  });

  it('shows a tooltip without a style or markup of its own', async () => {
    const { page, complaints } = await openPage(browser, file, { width: 1280 });
    const before = await readCanvases(page);
    const place = await page.$('#timeline canvas');
    const box = await place?.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 300, (box?.y ?? 0) + 65);
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    );
    const after = await readCanvases(page);
    expect(after[0]?.colours).toBeGreaterThan(before[0]?.colours ?? 0);
    expect(await page.evaluate("document.querySelectorAll('#timeline *').length")).toBeLessThan(5);
    expect([complaints, await page.evaluate('window.breaches')]).toEqual([[], []]);
    await page.close();
  });

  it('draws again where the colour scheme changes', async () => {
    const { page } = await openPage(browser, file, { width: 1280 });
    const pixels = "document.querySelector('#flow canvas').toDataURL()";
    const light = await page.evaluate(pixels);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    );
    expect(await page.evaluate(pixels)).not.toBe(light);
    await page.close();
  });

  it('says everything in text, with no script at all', async () => {
    const { page } = await openPage(browser, file, { width: 1280, script: 'off' });
    const text = String(await page.evaluate(textOf('main')));
    for (const said of [
      'published',
      '8,504,342',
      '00-map',
      'it read 3.4x the bytes',
      'missing_columns',
      'team',
    ])
      expect(text).toContain(said);
    expect(await page.evaluate("document.querySelectorAll('.chart:not([hidden])').length")).toBe(0);
    await page.close();
  });

  it('is small', async () => {
    expect((await readFile(file)).length).toBeLessThan(MOST_BYTES);
  });
});

it.each(HOSTILE_TEXT)('does nothing that a name says: %s', async (text) => {
  const job = `hostile-${HOSTILE_TEXT.indexOf(text)}`;
  const file = await writePage({
    job,
    tasks: 3,
    workers: 2,
    names: HOSTILE_NAMES(text),
    failure: { name: 'QueryError', message: text },
  });
  const { page, complaints, requests } = await openPage(browser, file, { width: 1280 });
  const found = await page.evaluate(`({
    images: document.images.length,
    scripts: document.scripts.length,
    frames: document.querySelectorAll('iframe, object, embed, form, base').length,
    handlers: [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on')),
    broken: window.broken,
    breaches: window.breaches,
  })`);
  expect(found).toEqual({ images: 0, scripts: 2, frames: 0, handlers: [], breaches: [] });
  expect([complaints, requests]).toEqual([[], []]);
  expect((await readCanvases(page)).length).toBe(5);
  await page.close();
});

it('draws a job that failed, with its reason and what to do', async () => {
  const failure = { name: 'TaskMemoryError', message: 'task 000001 of 01-reduce needed more' } as const;
  const file = await writePage({ job: 'failed', tasks: 8, workers: 2, failure });
  const { page, complaints } = await openPage(browser, file, { width: 1280 });
  const text = String(await page.evaluate(textOf('.failure')));
  expect(text).toContain('task 000001 of 01-reduce needed more');
  expect(text).toContain('--memory');
  expect(complaints).toEqual([]);
  await page.close();
});

it('draws a job that really ran', async () => {
  const spec = await writeSpec(folder, {
    input: { uri: 'in.csv' },
    steps: [{ filter: 'a > 1' }, { group_by: { keys: ['b'], aggregates: { n: 'count(*)' } } }],
    output: { uri: 'out' },
  });
  await writeFile(join(folder, 'in.csv'), 'a,b\n1,x\n2,x\n3,y\n');
  const ran = await runDaybreak(['run', spec], { cwd: folder });
  expect(ran).toMatchObject({ exitCode: 0 });
  const file = await drawPage(onlyJob(folder), join(folder, '.daybreak'));
  const { page, complaints } = await openPage(browser, file, { width: 1280 });
  const canvases = await readCanvases(page);
  expect(canvases.map(({ id }) => id)).toEqual(expect.arrayContaining(['timeline', 'flow', 'tasks']));
  expect(String(await page.evaluate(textOf('main')))).toContain('3 rows read, 2 written');
  expect(complaints).toEqual([]);
  await page.close();
});
