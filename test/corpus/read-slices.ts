import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Amendment, MAX_AMENDMENTS } from '../../functions/contract/amendment.ts';
import type { PinnedInput } from '../../functions/contract/pinned-input.ts';
import type { RangeChain } from '../../functions/contract/range-chain.ts';
import type { Task } from '../../functions/contract/task.ts';
import { amendSlices, hasGuessedCut, markUnread } from '../../functions/core/amend-slices.ts';
import { amendTasks } from '../../functions/core/reconcile-commits.ts';
import { collectRejects } from '../../functions/io/collect-rejects.ts';
import { ACCESS_IN_PLACE, type InputAccess } from '../../functions/io/input-access.ts';
import { type InputLook, LOOK_IN_PLACE } from '../../functions/io/input-look.ts';
import { queryRows } from '../../functions/io/query-rows.ts';
import { openSlice } from '../../functions/io/slices/open-slice.ts';
import { planInputSlices } from '../../functions/io/slices/plan-input-slices.ts';
import { renderReadInput } from '../../functions/sql/read-input.ts';
import { REJECT_TABLES } from '../../functions/sql/reader-options.ts';

/** A reject as `byte N, column: cause`; beside blank lines N is of the next byte that is no newline. */
export type Answer =
  | { readonly rows: readonly string[]; readonly rejects: readonly string[] }
  | { readonly error: string };

export type SlicedAnswer = {
  readonly answer: Answer;
  readonly tasks: number;
  readonly amendments: readonly Pick<Amendment, 'void' | 'tasks'>[];
  /** Where a slice did not have the rows that its chain counted. */
  readonly miscounts: readonly string[];
};

export type ReadOptions = {
  readonly tolerant: boolean;
  /** A folder that the session writes to. */
  readonly out: string;
  /** Of objects: the folder that stands for their bucket. */
  readonly root?: string | undefined;
};

type Done = { readonly task: string; readonly chains: RangeChain[]; readonly answer: Answer };

const EMPTY: Answer = { rows: [], rejects: [] };

const read = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  { tolerant, out, root }: ReadOptions,
): Promise<Answer> => {
  for (const table of Object.values(REJECT_TABLES)) await connection.run(`DROP TABLE IF EXISTS ${table}`);
  try {
    const rows = await queryRows(connection, `FROM ${renderReadInput(input, { tolerant, scan: 'serial' })}`);
    const rejects = tolerant ? await readRejects(connection, input, { out, root }) : [];
    return { rows: rows.map((row) => JSON.stringify(Object.values(row))), rejects };
  } catch (error) {
    return { error: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
};

const readRejects = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  { out, root }: Pick<ReadOptions, 'out' | 'root'>,
): Promise<readonly string[]> => {
  const { rejectedRows, write } = await collectRejects(connection, input);
  if (rejectedRows === 0) return [];
  await write(join(out, 'rejects.parquet'));
  const rows = await queryRows(connection, `FROM '${join(out, 'rejects.parquet')}'`);
  const path = input.files[0]?.path ?? '';
  const bytes = await readFile(root === undefined ? path : path.replace('s3://bucket', root));
  return rows.map(({ byte_offset, column, cause }) => {
    let offset = Number(byte_offset);
    // DuckDB 1.5.5 places a row after blank lines at one of these.
    while (bytes[offset] === 0x0a || bytes[offset] === 0x0d) offset++;
    return `byte ${offset}, ${column}: ${cause}`;
  });
};

/** What one query over the whole input answers. */
export const readWhole = read;

export type SlicedOptions = ReadOptions & {
  readonly tasks: number;
  /** Default: where the files lie. */
  readonly access?: InputAccess;
  readonly look?: InputLook;
};

/**
 * Answers as a map stage would: plans the tasks, attempts each as an attempt must, and follows the
 * amendments until every cut is proved.
 */
export const readSliced = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  { tasks, access = ACCESS_IN_PLACE, look = LOOK_IN_PLACE, ...options }: SlicedOptions,
): Promise<SlicedAnswer> => {
  const columns = input.columns.map(({ name }) => name);
  const first = await planInputSlices(connection, input, { tasks, columns, look });
  const all = new Map<string, Task>(first.map((task) => [task.task, task]));
  const done = new Map<string, Done>();
  const amendments: Amendment[] = [];
  const miscounts: string[] = [];
  for (;;) {
    const list = amendTasks(
      'test',
      first.map(({ task }) => task),
      amendments,
    ).live;
    const live = list.flatMap((task) => all.get(task) ?? []);
    for (const task of live) {
      if (done.has(task.task)) continue;
      const attempt = await attemptTask(connection, input, task, { ...options, access });
      if ('error' in attempt.answer)
        return { answer: attempt.answer, tasks: live.length, amendments, miscounts };
      done.set(task.task, attempt);
      miscounts.push(...attempt.miscounts);
    }
    const commits = live.flatMap(({ task }) => done.get(task) ?? []);
    const verdict = amendSlices(input, live, commits);
    if (verdict.kind === 'proved') {
      const answers = commits.map(({ answer }) => ('error' in answer ? EMPTY : answer));
      return {
        answer: {
          rows: answers.flatMap((answer) => ('rows' in answer ? answer.rows : [])),
          rejects: answers.flatMap((answer) => ('rows' in answer ? answer.rejects : [])),
        },
        tasks: live.length,
        amendments,
        miscounts: miscounts.filter((text) => live.some(({ task }) => text.startsWith(`${task} `))),
      };
    }
    if (amendments.length === MAX_AMENDMENTS) throw new Error('more amendments than a stage may have');
    for (const task of verdict.tasks) all.set(task.task, task);
    amendments.push({
      job: 'test',
      run: '0001',
      stage: '00-map',
      void: [...verdict.void],
      tasks: [...verdict.tasks],
      reason: verdict.reason,
      at: new Date(0).toISOString(),
    });
  }
};

const attemptTask = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  task: Task,
  { access, ...options }: ReadOptions & { readonly access: InputAccess },
): Promise<Done & { readonly miscounts: readonly string[] }> => {
  if (task.kind !== 'ranges' && task.kind !== 'rows') throw new Error(`no slice: ${task.kind}`);
  const scratch = join(options.out, task.task);
  await mkdir(scratch);
  const columns = input.columns.map(({ name }) => name);
  const slice = await openSlice(input, task, { access, columns, scratchDir: scratch });
  const chains = [...slice.chains];
  if (!slice.isReadable) return { task: task.task, chains, answer: EMPTY, miscounts: [] };
  const answer = await read(connection, slice.input, options);
  if ('error' in answer) {
    if (!hasGuessedCut(task)) return { task: task.task, chains, answer, miscounts: [] };
    return { task: task.task, chains: markUnread(chains), answer: EMPTY, miscounts: [] };
  }
  const found = answer.rows.length + answer.rejects.length;
  const isMiscounted = slice.rowsByChain !== undefined && slice.rowsByChain !== found;
  return {
    task: task.task,
    chains,
    answer,
    miscounts: isMiscounted ? [`${task.task} has ${found} rows, by the chain ${slice.rowsByChain}`] : [],
  };
};
