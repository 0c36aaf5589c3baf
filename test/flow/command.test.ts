/** Law: every command and option does what `daybreak help` says, on the built command, with the exit codes of the table. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { EXIT_CODES } from '../../functions/contract/failures.ts';
import { Report } from '../../functions/contract/report.ts';
import { COMMAND, type Ended, lastLine, NODE, runDaybreak, startProcess } from './daybreak-process.ts';
import {
  busySteps,
  judgeOutput,
  listTree,
  outputRows,
  query,
  type SpecText,
  writeSpec,
} from './job-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-command-'));
  await writeFile(join(folder, 'a.csv'), 'team,hours\nred,1\nblue,2\nred,3\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const daybreak = (...args: readonly string[]): Promise<Ended> => runDaybreak(args, { cwd: folder });
const HOURS = [{ group_by: { keys: ['team'], aggregates: { hours: 'sum(hours)' } } }];
const spec = (more: SpecText = {}): Promise<string> =>
  writeSpec(folder, { input: { uri: 'a.csv' }, steps: HOURS, output: { uri: 'out' }, ...more });
const expectDone = (ended: Ended): Ended => {
  expect(ended.exitCode, ended.stderr).toBe(EXIT_CODES.done);
  return ended;
};
const run = async (...args: readonly string[]): Promise<Ended> =>
  expectDone(await daybreak('run', 'spec.yaml', ...args));

describe('daybreak run', () => {
  it('publishes the result, and says on standard output what became of the rows', async () => {
    await spec();
    const { stdout, stderr } = await run('--id', 'one');
    expect(stdout).toMatch(/^job one, run 0001: published in /m);
    expect(stdout).toMatch(/^00-map +3 +0 +0 +1 +0 +0 +2 /m);
    expect(stdout).toMatch(/out: 2 rows in 1 parquet file, /);
    // Where no terminal looks on, a line for each thing that happened, without escape codes.
    expect(stderr).toMatch(
      /^job one\n00-map {2}3 rows in, 2 out {2}[\d.]+ s\npublish {2}2 rows in 1 file to .*out\n$/,
    );
    expect(await outputRows(join(folder, 'out'))).toEqual([
      { team: 'blue', hours: '2' },
      { team: 'red', hours: '4' },
    ]);
  });

  it('prints the report as one object on the last line by --json', async () => {
    await spec({ deadline: '1h' });
    const report = Report.parse(lastLine(await run('--json', '--id', 'one')));
    expect(report).toMatchObject({ job: 'one', run: '0001', outcome: 'published' });
    expect(report.rows).toEqual({ read: 3, written: 2, rejected: 0 });
    expect(report.output).toMatchObject({ uri: join(folder, 'out'), format: 'parquet', parts: 1 });
    expect(report.deadlineAt).toBe(new Date(Date.parse(report.submittedAt) + 3600e3).toISOString());
  });

  it('reads and writes elsewhere by --input, several times, and --output', async () => {
    await writeFile(join(folder, 'b.csv'), 'team,hours\ngreen,5\n');
    await spec();
    await run('--input', 'a.csv', '--input', 'b.csv', '--output', 'else/where');
    expect(judgeOutput(join(folder, 'else/where'))?.rows).toBe(3);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('changes fields of the spec by --set', async () => {
    await spec();
    await run('--set', 'steps[0].group_by.aggregates.most=max(hours)', '--set', 'output.format=csv');
    expect(judgeOutput(join(folder, 'out'))).toMatchObject({ format: 'csv' });
    expect(judgeOutput(join(folder, 'out'))?.columns.map(({ name }) => name)).toEqual([
      'team',
      'hours',
      'most',
    ]);
  });

  it('takes --threads and --memory, keeps blocks by --keep-blocks, and its state in --workdir', async () => {
    await spec();
    await run('--threads', '1', '--memory', '200MB', '--keep-blocks', '--workdir', 'state');
    expect(existsSync(join(folder, '.daybreak'))).toBe(false);
    expect(listTree(join(folder, 'state')).filter((path) => /^b\/.*\.parquet$/.test(path))).toHaveLength(1);
  });

  it('keeps its state in DAYBREAK_WORKDIR, and removes its blocks', async () => {
    await spec();
    const env = { DAYBREAK_WORKDIR: join(folder, 'state') };
    expectDone(await runDaybreak(['run', 'spec.yaml'], { cwd: folder, env }));
    expect(existsSync(join(folder, '.daybreak'))).toBe(false);
    expect(listTree(join(folder, 'state')).filter((path) => /^b\/.*\.parquet$/.test(path))).toEqual([]);
  });

  it('shows the first rows by --show, each type on one line', async () => {
    const select = {
      text: "'tab\there' || chr(10) || 'there' || chr(27) || '[31m'",
      long: "repeat('x', 500)",
      list: '[1, 2]',
      struct: "{'a': 1, 'b': [NULL]}",
      map: "map {'k': 1.5}",
      blob: "'\\xAA'::BLOB",
      huge: '12345678901234567890123456789::HUGEINT',
      decimal: '1.50::DECIMAL(9, 2)',
      nan: "'nan'::DOUBLE",
      date: "DATE '2026-11-22'",
      instant: "TIMESTAMP '2026-11-22 01:02:03'",
      gap: "INTERVAL '1 day'",
      bit: 'true',
      nothing: 'NULL',
    };
    await spec({ steps: [{ filter: 'hours = 1' }, { select }] });
    const { stdout } = await run('--show', '5');
    const [header = '', rule = '', row = '', after] = stdout.trimStart().split('\n');
    expect(header.split(/ +/)).toEqual(Object.keys(select));
    expect(rule).toMatch(/^[- ]+$/);
    // No value moves the cursor or recolours the terminal.
    expect(row).toMatch(/^tab here there \[31m {2}x{39}… {2}\[1, 2\] {2}/);
    expect(row).toMatch(/12345678901234567890123456789/);
    expect(row).toMatch(/1\.50 +nan +2026-11-22 +2026-11-22 01:02:03 +1 day +true +NULL$/);
    expect(row.length).toBeLessThan(500);
    expect(after).toBe('');
  });

  it.each(['csv', 'jsonl'])('shows the first rows of %s', async (format) => {
    await spec({ output: { uri: 'out', format } });
    const { stdout } = await run('--show', '1');
    expect(stdout).toMatch(/^\nteam +hours\n-+ +-+\n(?:red +4|blue +2)\n\njob /);
  });

  it('goes on to its end where the reader of its output goes away', async () => {
    await spec();
    const shell = `"${NODE}" "${COMMAND}" run spec.yaml --show 3 | true; echo "$\{PIPESTATUS[0]}"`;
    const { stdout, stderr } = await startProcess('bash', ['-c', shell], { cwd: folder }).ended;
    expect(stderr).not.toMatch(/EPIPE/);
    expect(stdout).toBe('0\n');
    expect(judgeOutput(join(folder, 'out'))?.rows).toBe(2);
  });
});

describe('exit codes', () => {
  const expectFailure = async (
    exitCode: number,
    error: string,
    ...args: readonly string[]
  ): Promise<Ended> => {
    const ended = await daybreak('run', 'spec.yaml', ...args);
    expect(ended.stderr).toMatch(new RegExp(`^${error}: `, 'm'));
    expect(ended.exitCode).toBe(exitCode);
    return ended;
  };

  it('1: a value that cannot be converted while the job runs', async () => {
    await spec({ steps: [{ extend: { n: 'team::INTEGER' } }] });
    const { stderr } = await expectFailure(EXIT_CODES.failed, 'QueryError');
    expect(stderr).not.toMatch(/red|blue/);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('2: an expression that does not bind, with its line and column', async () => {
    await writeFile(
      join(folder, 'spec.yaml'),
      'name: flow\ninput: { uri: a.csv }\nsteps:\n  - filter: hourz > 1\noutput: { uri: out }\n',
    );
    const { stderr } = await expectFailure(EXIT_CODES.refused, 'ExpressionError');
    expect(stderr).toMatch(/^ {2}spec\.yaml:4:13 {2}steps\[0\]\.filter: .*hourz.*Did you mean "hours"\?$/m);
  });

  it('2: a spec with every problem at its line and column', async () => {
    await writeFile(
      join(folder, 'spec.yaml'),
      'name: Flow!\ninput: { uri: a.csv, fromat: csv }\noutput: { uri: out, mode: append }\n',
    );
    const { stderr } = await expectFailure(EXIT_CODES.refused, 'SpecError');
    expect(stderr).toMatch(/\(3 problems\)/);
    for (const place of ['1:7', '2:22', '3:27']) expect(stderr).toContain(`spec.yaml:${place}  `);
  });

  it('2: an output that exists', async () => {
    await spec();
    await run();
    await expectFailure(EXIT_CODES.refused, 'OutputExistsError');
  });

  it('2: an input that is not there, with the nearest name', async () => {
    await spec({ input: { uri: 'b.csv' } });
    const { stderr } = await expectFailure(EXIT_CODES.refused, 'InputNotFoundError');
    expect(stderr).toMatch(/"a\.csv"/);
  });

  it('4: a result after its deadline, which is there all the same', async () => {
    await spec({ steps: busySteps(350), deadline: '1s' });
    const { stdout } = await expectFailure(
      EXIT_CODES.late,
      'DeadlineMissedError',
      '--id',
      'one',
      '--threads',
      '1',
    );
    expect(stdout).toMatch(/^deadline .*: missed by /m);
    expect(judgeOutput(join(folder, 'out'))?.rows).toBe(350);
    expect((await daybreak('resume', 'one')).exitCode).toBe(EXIT_CODES.late);
  });

  it.each([
    [['bogus']],
    [['run']],
    [['run', 'spec.yaml', 'more']],
    [['run', 'spec.yaml', '--bogus']],
    [['run', 'nowhere.yaml']],
    [['run', '.']],
    [['run', 'spec.yaml', '--memory', 'lots']],
    [['run', 'spec.yaml', '--memory', '1kB']],
    [['run', 'spec.yaml', '--memory', '-1GB']],
    [['run', 'spec.yaml', '--threads', '0']],
    [['run', 'spec.yaml', '--threads', '1.5']],
    [['run', 'spec.yaml', '--map-tasks', 'x']],
    [['run', 'spec.yaml', '--show', '-1']],
    [['run', 'spec.yaml', '--set', 'nonsense']],
    [['run', 'spec.yaml', '--set', 'output.colour=red']],
    [['run', 'spec.yaml', '--id', 'Not An Id']],
    [['status', 'nobody']],
    [['report', 'nobody']],
    [['resume', 'nobody']],
    [['cancel', 'nobody']],
  ])('2: bad usage, with one sentence and no stack: %j', async (args) => {
    await spec();
    const { exitCode, stdout, stderr } = await daybreak(...args);
    expect(exitCode).toBe(EXIT_CODES.refused);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^(error|UsageError|SpecError|JobNotFoundError): ?/);
    expect(stderr).not.toMatch(/\bat .*\.js:\d+/);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});

describe('rejects', () => {
  // The bad row begins at byte 47 of line 5, behind a quoted line break.
  const LINES = ['team,hours', 'red,1', '"blue', 'sky",2', 'red,many', 'green,3', 'red,4', ''];
  const hours = { input: { uri: 'a.csv', csv: { types: { hours: 'INTEGER' } } } };
  beforeEach(() => writeFile(join(folder, 'a.csv'), LINES.join('\n')));

  it.each([
    [0, 3],
    [1, 0],
    ['10%', 3],
    ['25%', 0],
  ] as const)('with max_rejects %s end with %i', async (max_rejects, exitCode) => {
    await spec({ ...hours, steps: [], errors: { max_rejects } });
    const ended = await daybreak('run', 'spec.yaml');
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    if (exitCode === 0) return;
    expect(ended.stderr).toMatch(/^TooManyRejectsError: 1 .*max_rejects is (0|10%)/m);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('are kept with file, line, byte offset and cause, and counted in manifest and report', async () => {
    await spec({ ...hours, steps: [], errors: { max_rejects: 1 } });
    const ended = expectDone(await daybreak('run', 'spec.yaml', '--json'));
    expect(Report.parse(lastLine(ended)).rows).toEqual({ read: 5, written: 4, rejected: 1 });
    const manifest = judgeOutput(join(folder, 'out'));
    expect(manifest?.rejects).toMatchObject([{ rows: 1 }]);
    expect(manifest?.counts).toMatchObject({ read: 5, written: 4, rejected: 1 });
    const rows = await query(`SELECT * FROM read_parquet('${folder}/out/${manifest?.rejects[0]?.name}')`);
    const byteOffset = LINES.slice(0, 4).join('\n').length + 1;
    expect(rows).toEqual([
      {
        file: join(folder, 'a.csv'),
        line: '5',
        byte_offset: String(byteOffset),
        column: 'hours',
        cause: 'cast',
        raw: 'red,many',
      },
    ]);
  });

  it('of JSON lines are kept the same way', async () => {
    await writeFile(join(folder, 'a.jsonl'), '{"n":1}\n\n{"n":2\n[3]\n{"n":4}\n');
    await spec({
      input: { uri: 'a.jsonl', jsonl: { columns: { n: 'BIGINT' } } },
      steps: [],
      errors: { max_rejects: '60%' },
    });
    await run();
    const [rejects] = judgeOutput(join(folder, 'out'))?.rejects ?? [];
    const rows = await query(
      `SELECT line, byte_offset, cause FROM read_parquet('${folder}/out/${rejects?.name}')`,
    );
    expect(rows).toEqual([
      { line: '3', byte_offset: '9', cause: 'malformed_json' },
      { line: '4', byte_offset: '16', cause: 'not_an_object' },
    ]);
  });
});

describe('the other commands', () => {
  it('plan: prints stages, tasks, bytes, columns and time, and runs nothing', async () => {
    await spec();
    const { stdout } = expectDone(await daybreak('plan', 'spec.yaml'));
    expect(stdout).toMatch(/^input +1 csv file, 30 B\ncolumns team VARCHAR, hours BIGINT\n/);
    expect(stdout).toMatch(/^00-map +1 +30 B +[\d.]+ s +group_by$/m);
    expect(stdout).toMatch(/^time +[\d.]+ s expected: assumed/m);
    expect(listTree(folder).filter((path) => /out|jobs/.test(path))).toEqual([]);
    await run();
    expect((await daybreak('plan', 'spec.yaml', '--output', 'new')).stdout).toMatch(
      /the median of one finished job/,
    );
  });

  it('plan --json: prints the plan as one object', async () => {
    await spec();
    const { plan } = z
      .looseObject({
        plan: z.looseObject({ stages: z.array(z.looseObject({ kind: z.string(), tasks: z.int() })) }),
      })
      .parse(lastLine(expectDone(await daybreak('plan', 'spec.yaml', '--json'))));
    expect(plan.stages).toMatchObject([{ kind: 'map', tasks: 1 }]);
  });

  it('validate: reads no file but the spec', async () => {
    await spec({ input: { uri: 'not-there.csv' } });
    const { stdout } = expectDone(await daybreak('validate', 'spec.yaml'));
    expect(stdout).toBe('spec.yaml: valid; 1 step\n');
    expect((await daybreak('validate', 'spec.yaml', '--set', 'output.mode=never')).exitCode).toBe(
      EXIT_CODES.refused,
    );
    expect(listTree(folder)).toEqual(['a.csv', 'spec.yaml']);
  });

  it('jobs, status and report tell of a published job, as text and as JSON', async () => {
    await spec();
    expect((await daybreak('jobs')).stdout).toMatch(/^no jobs in .*\.daybreak\n$/);
    const ran = await run('--id', 'one', '--json');
    expect((await daybreak('jobs')).stdout).toMatch(/^one +published +\d{4}-.* +3 +2$/m);
    expect(lastLine(await daybreak('jobs', '--json'))).toMatchObject([{ job: 'one', state: 'published' }]);
    expect((await daybreak('status', 'one')).stdout).toBe(
      'job one: published\n  00-map: 1 of 1 task done, sealed\n',
    );
    expect(lastLine(await daybreak('status', 'one', '--json'))).toMatchObject({
      state: 'published',
      run: '0001',
    });
    const { stdout } = expectDone(await daybreak('report', 'one', '--show', '2'));
    expect(stdout).toMatch(/^team +hours\n[\s\S]*^job one, run 0001: published in /m);
    expect((await daybreak('report', 'one', '--json')).stdout).toBe(ran.stdout);
  });

  it('jobs: never cuts an id', async () => {
    await spec();
    const id = 'x'.repeat(63);
    await run('--id', id);
    expect((await daybreak('jobs')).stdout).toContain(`${id}  published`);
  });

  it('jobs: lists the others where the state of one is damaged, and status says what is wrong with it', async () => {
    await spec();
    await run('--id', 'one');
    await run('--id', 'two', '--output', 'other');
    await writeFile(join(folder, '.daybreak/jobs/one/0001/plan.json'), '{"job":"one","run":"0001"}');
    const { stdout } = expectDone(await daybreak('jobs'));
    expect(stdout).toMatch(/^two +published /m);
    expect(stdout).toMatch(/^one +unreadable$/m);
    const { exitCode, stderr } = await daybreak('status', 'one');
    expect(exitCode).toBe(EXIT_CODES.failed);
    expect(stderr).toMatch(/^StateError: jobs\/one\/0001\/plan\.json: /);
  });

  it('status and report tell why a job failed', async () => {
    await spec({ steps: [{ extend: { n: 'team::INTEGER' } }] });
    await daybreak('run', 'spec.yaml', '--id', 'one');
    expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: failed\n[\s\S]*^QueryError: /m);
    expect((await daybreak('report', 'one', '--show', '2')).stdout).toMatch(/failed in .*\nQueryError: /);
  });

  it('report: says where a job is that has no report yet', async () => {
    await spec();
    await run('--id', 'one');
    await rm(join(folder, '.daybreak/jobs/one/report.json'));
    const { exitCode, stderr } = await daybreak('report', 'one');
    expect(exitCode).toBe(EXIT_CODES.refused);
    expect(stderr).toMatch(/^NoReportError: the job one is interrupted and has no report yet/);
  });

  it('help and version end with 0', async () => {
    for (const args of [['--help'], ['help', 'run'], ['--version']]) expectDone(await daybreak(...args));
  });
});

describe('on a terminal', () => {
  /** `script` gives the command a terminal, and takes what that shows. */
  const onTerminal = async (env: Readonly<Record<string, string>>): Promise<string> => {
    await spec({ steps: busySteps(300) });
    await mkdir(join(folder, 'tty'));
    // Where CI is set Node takes every terminal for one without colours.
    const shown = `env -u CI "${NODE}" "${COMMAND}" run spec.yaml`;
    const ended = await startProcess('script', ['-qefc', shown, '/dev/null'], {
      cwd: folder,
      env: { TERM: 'xterm', ...env },
    }).ended;
    expect(ended.exitCode, ended.stdout).toBe(0);
    return ended.stdout;
  };

  it('shows a live bar with colour', async () => {
    const shown = await onTerminal({});
    expect(shown).toMatch(/00-map {2}[█░]+ \d+ % /);
    expect(shown).toContain('\u001b[32m00-map\u001b[39m  3 rows in, 300 out');
  });

  it('shows no colour where NO_COLOR is set', async () => {
    const shown = await onTerminal({ NO_COLOR: '1' });
    expect(shown).toMatch(/00-map {2}[█░]+ \d+ % /);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour is made of them
    expect(shown).not.toMatch(/\u001b\[\d+(;\d+)*m/);
  });
});
