#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { DaybreakError } from '../functions/contract/errors.ts';
import { UsageError } from '../functions/contract/errors-command.ts';
import { EXIT_CODES } from '../functions/contract/failures.ts';
import { leaveWith } from '../functions/stages/workers/watch-own-memory.ts';
import { cloudPlaceOf, type PlaceOptions } from './cloud/place-options.ts';
import {
  collectOverride,
  collectText,
  parseMemory,
  parsePositive,
  parseRejectLimit,
  parseTime,
} from './options.ts';

/** Commands are loaded when they are called, so that `daybreak --help` opens no database. */
const withResources = (command: Command): Command => withResourceOptions(withWorkdirOption(command));

const withResourceOptions = (command: Command): Command =>
  command
    .option(
      '--memory <size>',
      'memory of all engines together, for example 512MB; default: 70 % of what is free',
      parseMemory,
    )
    .option('--threads <n>', 'threads in total; default: all cores', parsePositive);

const withWorkdirOption = (command: Command): Command =>
  command.option('--workdir <folder>', 'folder of the state; default: DAYBREAK_WORKDIR, else .daybreak');

/** Commands about jobs are about those here, unless they are told of a deployment. */
const withPlace = (command: Command): Command => withCloud(withWorkdirOption(command), OF_A_PLACE);

const OF_A_PLACE =
  'the deployment; without this and the next three, and without DAYBREAK_STACK: this machine';
const OF_A_DEPLOYMENT = 'the deployment; default: DAYBREAK_STACK, else Daybreak';

const withCloud = (command: Command, stack = OF_A_DEPLOYMENT): Command =>
  command
    .option('--stack <name>', stack)
    .option('--profile <name>', 'the AWS profile; default: as the AWS command line finds it')
    .option('--region <name>', 'the AWS region; default: as the AWS command line finds it')
    .option('--endpoint <url>', 'another address than that of AWS: an emulator');

const withSpecChanges = (command: Command): Command =>
  command
    .option('--input <uri>', 'reads this instead of input.uri; can be given several times', collectText)
    .option('--output <uri>', 'writes here instead of output.uri')
    .option('--set <path=value>', 'changes a field of the spec; can be given several times', collectOverride)
    .option('--map-tasks <n>', 'tasks of the map stage; default: the plan decides', parsePositive)
    .option('--reduce-tasks <n>', 'tasks of each reduce stage; default: the plan decides', parsePositive);

const SHOW = 'prints the first rows of the result';
const JSON_OPTION = 'prints one JSON object on the last line';

const buildProgram = (): Command => {
  const program = new Command('daybreak')
    .description('Batch work over files: transform, infer, group and publish by a stated time.')
    .version(process.env.DAYBREAK_VERSION ?? '0.0.0')
    .showHelpAfterError('see daybreak help')
    .exitOverride();
  withResources(withSpecChanges(program.command('run <spec>').description('run a job here')))
    .option('--id <id>', 'the id of the job; default: its name, the time, four random digits')
    .option('--keep-blocks', 'keep intermediate blocks in the work folder')
    .option('--show <rows>', SHOW, parsePositive)
    .option('--json', 'prints the report as one JSON object on the last line')
    .action(async (spec, options) => (await import('./commands/run.ts')).run(spec, options));
  withResources(withSpecChanges(program.command('plan <spec>').description('show what a job would do')))
    .option('--json', JSON_OPTION)
    .action(async (spec, options) => (await import('./commands/plan.ts')).plan(spec, options));
  program
    .command('validate <spec>')
    .description('check a spec; opens no other file')
    .option('--set <path=value>', 'changes a field of the spec', collectOverride)
    .action(async (spec, options) => (await import('./commands/validate.ts')).validate(spec, options));
  program
    .command('bundle <module>')
    .description('write a module and all that it imports as one file, for the HTTP API')
    .requiredOption('--out <file>', 'the file to write')
    .action(async (module, options) => (await import('./commands/bundle.ts')).bundle(module, options));
  withCloud(withSpecChanges(program.command('submit <spec>').description('give a job to a deployment')))
    .option('--id <id>', 'the id of the job; default: its name, the time, eight random digits')
    .option('--idempotency-key <key>', 'the same key again is the same job, not a second one')
    .option('--wait', 'watches the job until it ends, and ends as it does')
    .option('--json', JSON_OPTION)
    .action(async (spec, options) => (await import('./commands/submit.ts')).submit(spec, options));
  withPlace(program.command('watch <job>').description('watch a job until it ends, and end as it does'))
    .option('--json', 'prints the report as one JSON object on the last line')
    .action(async (job, options) => (await import('./commands/watch.ts')).watch(job, options));
  withPlace(program.command('jobs').description('list the jobs of the work folder or of a deployment'))
    .option('--json', JSON_OPTION)
    .action(async (options) => (await import('./commands/jobs.ts')).jobs(options));
  withPlace(program.command('status <job>').description('show where a job is'))
    .option('--json', JSON_OPTION)
    .action(async (job, options) => (await import('./commands/jobs.ts')).status(job, options));
  withPlace(program.command('report <job>').description('show how a job ended, in numbers'))
    .option('--html <file>', 'writes the report as one page with its charts')
    .option('--show <rows>', SHOW, parsePositive)
    .option('--json', JSON_OPTION)
    .action(async (job, options) => (await import('./commands/jobs.ts')).report(job, options));
  withPlace(withResourceOptions(program.command('resume <job>').description('go on with a job that stopped')))
    .option('--keep-blocks', 'keep intermediate blocks in the work folder')
    .option(
      '--max-rejects <limit>',
      'rows that may be rejected from now on, instead of errors.max_rejects of the spec',
      parseRejectLimit,
    )
    .option('--show <rows>', SHOW, parsePositive)
    .option('--wait', 'of a deployment: watches the job until it ends, and ends as it does')
    .option('--json', 'prints the report as one JSON object on the last line')
    .action(resume);
  withPlace(program.command('cancel <job>').description('end a job; it can be resumed')).action(
    async (job, options) => (await import('./commands/jobs.ts')).cancel(job, options),
  );
  withPlace(
    program.command('delete <jobs...>').description('delete what is kept of jobs; their outputs stay'),
  ).action(async (ids, options) => (await import('./commands/delete.ts')).deleteJobs(ids, options));
  withPlace(program.command('clean').description('delete all jobs that ended long ago; their outputs stay'))
    .requiredOption('--older-than <time>', 'since their end, for example 7d', parseTime)
    .option('--yes', 'of a deployment: deletes them; without it they are only listed')
    .action(async (options) => (await import('./commands/delete.ts')).clean(options));
  addKeys(program.command('keys').description('the API keys of a deployment'));
  return program;
};

/** Options of `resume` that mean nothing in a deployment. */
const LOCAL_OPTIONS: Readonly<Record<string, string>> = {
  memory: '--memory',
  threads: '--threads',
  keepBlocks: '--keep-blocks',
  show: '--show',
  maxRejects: '--max-rejects',
};

/** Where the job is decides what `resume` means: to run it here, or to let a deployment take it up again. */
const resume = async (
  job: string,
  options: PlaceOptions & { readonly [name: string]: unknown },
): Promise<void> => {
  const cloud = cloudPlaceOf(options);
  if (cloud === undefined) return (await import('./commands/run.ts')).resume(job, options);
  const given = Object.keys(LOCAL_OPTIONS).filter((name) => options[name] !== undefined);
  if (given.length > 0) {
    const names = given.map((name) => LOCAL_OPTIONS[name]).join(', ');
    throw new UsageError(`${names}: is for jobs that run here, and this one runs in a deployment`);
  }
  return (await import('./commands/resume-there.ts')).resumeThere(job, cloud, options);
};

const addKeys = (keys: Command): void => {
  withCloud(keys.command('create').description('make a key; it is printed this once'))
    .requiredOption('--label <text>', 'who has it, or what it is for')
    .option('--scope <scope>', 'submit, read, cancel or modules; can be given several times', collectText)
    .option('--expires <duration>', 'for example 90d; default: never')
    .option('--json', JSON_OPTION)
    .action(async (options) => (await import('./commands/keys.ts')).createKey(options));
  withCloud(keys.command('list').description('list the keys, without what they are known by'))
    .option('--json', JSON_OPTION)
    .action(async (options) => (await import('./commands/keys.ts')).listKeys(options));
  withCloud(keys.command('revoke <id...>').description('take keys back'))
    .option('--json', JSON_OPTION)
    .action(async (ids, options) => (await import('./commands/keys.ts')).revokeKeys(ids, options));
};

/** Says what went wrong, and what to do; gives the exit code. */
const explain = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.refused;
  if (error instanceof DaybreakError) {
    process.stderr.write(`${error.name}: ${error.message}\n${error.row.remedy}\n`);
    return error.row.exitCode;
  }
  process.stderr.write(`daybreak failed in a way that it does not know; please report this:\n`);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_CODES.failed;
};

/** A reader that goes away, such as `| head`, ends no job: what is left to print goes nowhere. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Below this zstd is missing, and what else is, nobody has tried. */
const OLDEST_NODE = [22, 15] as const;

const isNodeTooOld = (): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
};

try {
  if (isNodeTooOld()) {
    throw new UsageError(
      `this is Node ${process.versions.node}, and daybreak needs ${OLDEST_NODE.join('.')} or later`,
    );
  }
  await buildProgram().parseAsync();
} catch (error) {
  leaveWith(explain(error));
}
