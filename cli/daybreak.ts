#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { DaybreakError } from '../functions/contract/errors.ts';
import { UsageError } from '../functions/contract/errors-command.ts';
import { EXIT_CODES } from '../functions/contract/failures.ts';
import { leaveWith } from '../functions/stages/workers/watch-own-memory.ts';
import { collectOverride, collectText, parseMemory, parsePositive, parseRejectLimit } from './options.ts';

/** Commands are loaded when they are called, so that `daybreak --help` opens no database. */
const withResources = (command: Command): Command =>
  withWorkdirOption(command)
    .option(
      '--memory <size>',
      'memory of all engines together, for example 512MB; default: 70 % of what is free',
      parseMemory,
    )
    .option('--threads <n>', 'threads in total; default: all cores', parsePositive);

const withWorkdirOption = (command: Command): Command =>
  command.option('--workdir <folder>', 'folder of the state; default: DAYBREAK_WORKDIR, else .daybreak');

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
  withWorkdirOption(program.command('jobs').description('list the jobs of the work folder'))
    .option('--json', JSON_OPTION)
    .action(async (options) => (await import('./commands/jobs.ts')).jobs(options));
  withWorkdirOption(program.command('status <job>').description('show where a job is'))
    .option('--json', JSON_OPTION)
    .action(async (job, options) => (await import('./commands/jobs.ts')).status(job, options));
  withWorkdirOption(program.command('report <job>').description('show how a job ended, in numbers'))
    .option('--html <file>', 'writes the report as one page with its charts')
    .option('--show <rows>', SHOW, parsePositive)
    .option('--json', JSON_OPTION)
    .action(async (job, options) => (await import('./commands/jobs.ts')).report(job, options));
  withResources(program.command('resume <job>').description('go on with a job that stopped'))
    .option('--keep-blocks', 'keep intermediate blocks in the work folder')
    .option(
      '--max-rejects <limit>',
      'rows that may be rejected from now on, instead of errors.max_rejects of the spec',
      parseRejectLimit,
    )
    .option('--show <rows>', SHOW, parsePositive)
    .option('--json', 'prints the report as one JSON object on the last line')
    .action(async (job, options) => (await import('./commands/run.ts')).resume(job, options));
  withWorkdirOption(program.command('cancel <job>').description('end a job; it can be resumed')).action(
    async (job, options) => (await import('./commands/jobs.ts')).cancel(job, options),
  );
  return program;
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
