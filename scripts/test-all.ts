/**
 * `npm test`: every tier, after preparing what each needs. The last line is `N passed, N failed`.
 * A tier that cannot run counts as a failure.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const node = process.execPath;
const bin = (name: string): string => path.join(root, 'node_modules', '.bin', name);

/**
 * The project's own Node for whatever is started, also where this script runs without npm. Faults and kills come
 * from one seed, so that a run can be repeated; `npm run soak` draws new ones.
 */
const env = {
  DAYBREAK_TEST_SEED: '1122',
  // Thousands of processes of one command: each but the first begins with compiled code.
  NODE_COMPILE_CACHE: path.join(root, '.cache/compiled'),
  ...process.env,
  PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
};

/** A step that is no test suite: it passes or it fails. */
const STEPS = [
  { name: 'lint', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
  { name: 'types of the page', command: bin('tsc'), args: ['--project', 'tsconfig.page.json'] },
  { name: 'build', command: node, args: ['scripts/build.ts'] },
  { name: 'python', command: node, args: ['scripts/setup-python.ts'] },
] as const;

/** `vllm` sets up its engine first, 3 GB: see test/vllm/global-setup.ts. */
const TIERS = ['unit', 'flow', 'cloud', 'stack', 'vllm'] as const;

/** Of one step or tier; all together take about 35 minutes on two cores. */
const LONGEST_MS = 25 * 60_000;

type Tally = { passed: number; failed: number };

/** What vitest writes of a tier; a file that does not load fails without a test of its own. */
type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

/** Said once more at the end, where a reader of a log's tail sees it. */
const failures: string[] = [];

const noteFailures = (tier: string, { testResults }: Report): void => {
  for (const { name, status, message, assertionResults } of testResults) {
    const where = `${tier}: ${path.relative(root, name)}`;
    const bad = assertionResults.filter((test) => test.status !== 'passed');
    for (const { fullName, status: found, failureMessages } of bad)
      failures.push(`${where} > ${fullName}: ${failureMessages[0]?.split('\n')[0] ?? found}`);
    if (bad.length === 0 && status !== 'passed') failures.push(`${where}: ${message}`);
  }
};

const run = (command: string, args: readonly string[]): boolean => {
  const startedAt = performance.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: LONGEST_MS,
    env,
  });
  if (error !== undefined) process.stderr.write(`${command}: ${error.message}\n`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(
    `-- ${path.basename(command)} ${args.join(' ')}: ${status ?? 'killed'} in ${seconds} s\n`,
  );
  return status === 0;
};

const runTier = (tier: string, folder: string): Tally => {
  const report = path.join(folder, `${tier}.json`);
  const isGreen = run(bin('vitest'), [
    'run',
    '--project',
    tier,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  try {
    const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
    noteFailures(tier, result);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = result;
    // A test that did not run proves nothing.
    const failed = numFailedTests + numPendingTests + numTodoTests;
    if (!isGreen && failed === 0) failures.push(`${tier}: vitest failed, though no test did`);
    return { passed: numPassedTests, failed: isGreen ? failed : Math.max(failed, 1) };
  } catch (error) {
    failures.push(`${tier}: it left no report: ${error}`);
    return { passed: 0, failed: 1 };
  }
};

const total: Tally = { passed: 0, failed: 0 };
for (const { name, command, args } of STEPS) {
  if (run(command, args)) total.passed += 1;
  else {
    total.failed += 1;
    failures.push(name);
  }
}
const folder = mkdtempSync(path.join(tmpdir(), 'daybreak-test-'));
try {
  for (const tier of TIERS) {
    const { passed, failed } = runTier(tier, folder);
    total.passed += passed;
    total.failed += failed;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed === 0 ? 0 : 1);
