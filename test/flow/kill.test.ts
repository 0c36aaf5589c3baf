/**
 * Law: SIGKILL at any moment, then `resume`, gives the rows of an unkilled run; a committed task is not run
 * again; the output is at every moment absent or complete, with `overwrite` the old one or the new one, whole.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Commit } from '../../functions/contract/commit.ts';
import { Report } from '../../functions/contract/report.ts';
import { type Ended, lastLine, runDaybreak, startDaybreak } from './daybreak-process.ts';
import { judgeOutput, listTree, outputRows, query, type SpecText, writeSpec } from './job-folder.ts';

const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 1_000_000);
const ROWS = 1_200_000;
const JOB = 'killed';

/** Each phase begins when a file appears, and lasts as long as in the run that was measured. */
const PHASES = [
  { phase: 'split', begins: undefined, ends: 'jobs/killed/job.json', kills: 4 },
  {
    phase: 'map',
    begins: 'jobs/killed/0001/plan.json',
    ends: 'jobs/killed/0001/00-map/commits/000000.json',
    kills: 5,
  },
  {
    phase: 'commit',
    begins: 'jobs/killed/0001/00-map/commits/000000.json',
    ends: 'jobs/killed/0001/00-map/sealed.json',
    kills: 3,
  },
  {
    phase: 'seal',
    begins: 'jobs/killed/0001/00-map/sealed.json',
    ends: 'jobs/killed/0001/outcome.json',
    kills: 3,
  },
  { phase: 'publish', begins: 'jobs/killed/0001/outcome.json', ends: 'jobs/killed/report.json', kills: 4 },
  { phase: 'report', begins: 'jobs/killed/report.json', ends: undefined, kills: 1 },
] as const;
type Phase = (typeof PHASES)[number];

/** @see https://en.wikipedia.org/wiki/Linear_congruential_generator */
const drawFrom = (seed: number): (() => number) => {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
    return Number(state >> 33n) / 2 ** 31;
  };
};
const draw = drawFrom(SEED);
const MOMENTS = PHASES.flatMap((phase) =>
  Array.from({ length: phase.kills }, () => ({ ...phase, share: Number(draw().toFixed(3)) })),
);

const spec: SpecText = {
  input: { uri: 'input.csv' },
  steps: [
    { filter: 'value % 7 <> 0' },
    {
      group_by: {
        keys: ['name'],
        aggregates: { rows: 'count(*)', total: 'sum(value)', longest: 'max(text)' },
      },
    },
  ],
  output: { uri: 'out', format: 'parquet' },
};

let root: string;
let expected: Awaited<ReturnType<typeof outputRows>>;
const seconds = new Map<string, number>();
const tally = new Map<string, number>();

const mode = (overwrite: boolean): readonly string[] => (overwrite ? ['--set', 'output.mode=overwrite'] : []);

/** Runs to the end, and measures when each file of the state appeared, in seconds from the start. */
const measure = async (folder: string): Promise<void> => {
  const { child, ended } = startDaybreak(['run', 'spec.yaml', '--id', JOB], { cwd: folder });
  const startedAt = performance.now();
  const files = new Set(
    PHASES.flatMap(({ begins, ends }) => [begins, ends].filter((file) => file !== undefined)),
  );
  while (child.exitCode === null) {
    for (const file of files) {
      if (!existsSync(join(folder, '.daybreak', file))) continue;
      seconds.set(file, (performance.now() - startedAt) / 1000);
      files.delete(file);
    }
    await look();
  }
  const { exitCode, stderr, ...rest } = await ended;
  expect(exitCode, stderr).toBe(0);
  seconds.set('', rest.seconds);
};

beforeAll(async () => {
  console.log(`kills from seed ${SEED}`);
  root = await mkdtemp(join(tmpdir(), 'daybreak-kill-'));
  const measured = join(root, 'measured');
  await mkdir(measured);
  await query(
    `COPY (SELECT 'name ' || hash(i) % 500 AS name, i AS value, 'text "' || md5(i::VARCHAR) AS text FROM range(${ROWS}) t(i)) TO '${measured}/input.csv'`,
  );
  await writeSpec(measured, spec);
  await measure(measured);
  expected = await outputRows(join(measured, 'out'));
  expect(expected).toHaveLength(500);
  console.log(
    `an unkilled run: ${[...seconds].map(([file, at]) => `${file || 'end'} ${at.toFixed(3)} s`).join(', ')}`,
  );
});
afterAll(async () => {
  console.log(`what stood when the killed runs died: ${JSON.stringify(Object.fromEntries(tally))}`);
  await rm(root, { recursive: true, force: true });
});

/** Often against a phase of some milliseconds, seldom enough to leave the job its cores. */
const look = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** Starts the job and kills it in its phase. Whether it died of that. */
const killIn = async (
  { begins, ends, share }: Phase & { readonly share: number },
  folder: string,
  args: readonly string[],
): Promise<boolean> => {
  const { child, ended } = startDaybreak(['run', 'spec.yaml', '--id', JOB, ...args], { cwd: folder });
  const from = begins === undefined ? 0 : (seconds.get(begins) ?? 0);
  const lasts = (seconds.get(ends ?? '') ?? 0) - from;
  if (begins !== undefined) {
    const file = join(folder, '.daybreak', begins);
    while (!existsSync(file) && child.exitCode === null) await look();
  }
  const killsAt = performance.now() + share * lasts * 1000;
  while (performance.now() < killsAt) await look();
  child.kill('SIGKILL');
  return (await ended).signal === 'SIGKILL';
};

const readCommit = (folder: string): Commit | undefined => {
  const path = join(folder, '.daybreak/jobs', JOB, '0001/00-map/commits/000000.json');
  return existsSync(path) ? Commit.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
};

const countStanding = (folder: string): void => {
  const furthest = PHASES.findLast(
    ({ begins }) => begins !== undefined && existsSync(join(folder, '.daybreak', begins)),
  );
  const phase = furthest?.phase ?? 'split';
  tally.set(phase, (tally.get(phase) ?? 0) + 1);
};

/** A job that died before `job.json` was never submitted: it is run again under its id. */
const goOn = (folder: string, args: readonly string[]): Promise<Ended> =>
  existsSync(join(folder, '.daybreak/jobs', JOB, 'job.json'))
    ? runDaybreak(['resume', JOB, '--json'], { cwd: folder })
    : runDaybreak(['run', 'spec.yaml', '--id', JOB, '--json', ...args], { cwd: folder });

const requireNothingLeft = (folder: string): void => {
  expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'input.csv', 'out', 'spec.yaml']);
  const left = listTree(join(folder, '.daybreak')).filter(
    (path) => /^\.scratch\/./.test(path) || /^b\/.*[^/]$/.test(path),
  );
  expect(left).toEqual([]);
};

describe('a job killed once', () => {
  it.each(MOMENTS)('gives the same rows, by resume, after a kill at $share of $phase', async (moment) => {
    const folder = await mkdtemp(join(root, 'fail-'));
    await cp(join(root, 'measured/input.csv'), join(folder, 'input.csv'));
    await writeSpec(folder, spec);
    await killIn(moment, folder, []);
    countStanding(folder);
    judgeOutput(join(folder, 'out'));
    const standing = readCommit(folder);
    const ended = await goOn(folder, []);
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(Report.parse(lastLine(ended)).outcome).toBe('published');
    const manifest = judgeOutput(join(folder, 'out'));
    expect(await outputRows(join(folder, 'out'))).toEqual(expected);
    const commit = readCommit(folder);
    if (standing !== undefined) expect(commit).toEqual(standing);
    expect(manifest?.parts[0]?.sha256).toBe(commit?.block.sha256);
    requireNothingLeft(folder);
    await rm(folder, { recursive: true });
  });
});

describe('a job that overwrites, killed once', () => {
  let old: string;
  let oldManifest: string;
  beforeAll(async () => {
    old = await mkdtemp(join(root, 'old-'));
    await cp(join(root, 'measured/input.csv'), join(old, 'input.csv'));
    await writeSpec(old, {
      ...spec,
      steps: [{ group_by: { keys: ['name'], aggregates: { rows: 'count(*)' } } }],
    });
    const { exitCode } = await runDaybreak(['run', 'spec.yaml', '--id', 'older'], { cwd: old });
    expect(exitCode).toBe(0);
    await rm(join(old, '.daybreak'), { recursive: true });
    await writeSpec(old, spec);
    oldManifest = readFileSync(join(old, 'out/_manifest.json'), 'utf8');
  });

  it.each(
    MOMENTS.filter(({ phase }) => phase === 'seal' || phase === 'publish' || phase === 'map').slice(-10),
  )(
    'shows the old output or the new one after a kill at $share of $phase, and the new one by resume',
    async (moment) => {
      const folder = await mkdtemp(join(root, 'over-'));
      await cp(old, folder, { recursive: true });
      await killIn(moment, folder, mode(true));
      const shown = judgeOutput(join(folder, 'out'));
      if (shown === undefined) {
        // The two renames of `overwrite`: the old output stands aside, whole.
        judgeOutput(join(folder, '.out.daybreak/_old'));
        expect(readFileSync(join(folder, '.out.daybreak/_old/_manifest.json'), 'utf8')).toBe(oldManifest);
      } else if (shown.job !== JOB) {
        expect(readFileSync(join(folder, 'out/_manifest.json'), 'utf8')).toBe(oldManifest);
      }
      const ended = await goOn(folder, mode(true));
      expect(ended.exitCode, ended.stderr).toBe(0);
      expect(judgeOutput(join(folder, 'out'))?.job).toBe(JOB);
      expect(await outputRows(join(folder, 'out'))).toEqual(expected);
      requireNothingLeft(folder);
      await rm(folder, { recursive: true });
    },
  );
});

describe('the kills', () => {
  it('hit each phase of a job', () => {
    expect([...tally.keys()]).toEqual(expect.arrayContaining(['split', 'map', 'publish']));
    expect((tally.get('commit') ?? 0) + (tally.get('seal') ?? 0)).toBeGreaterThan(0);
  });
});
