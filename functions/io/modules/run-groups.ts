import { createCaller } from './call-module.ts';
import { type Batch, cutGroups } from './cut-batches.ts';
import type { ModuleOutput, ModuleRun } from './module-run.ts';
import { createGroupReader } from './output-rows.ts';
import type { Chunk } from './read-chunks.ts';
import { createRowReader } from './read-rows.ts';
import { runOrdered } from './run-ordered.ts';
import { writeAll } from './run-rows.ts';

/** Runs `map_groups`: a call for each group, which folds its rows into one and makes any number of that. */
export const runGroups = async (
  { step, module, signal }: ModuleRun,
  chunks: AsyncIterable<Chunk>,
  output: ModuleOutput,
): Promise<void> => {
  const keys = createRowReader(step.keys);
  const reader = createRowReader(step.input);
  const keyCount = step.keys.length;
  const rowAt = (group: Batch, index: number) => (column: number) =>
    group.columns[keyCount + column]?.[index] ?? null;
  const read = createGroupReader(step.columns);
  const caller = createCaller({
    module,
    signal,
    timeoutSeconds: step.timeoutSeconds,
    read: (returned, _, isOver) => read(returned, isOver),
  });
  await runOrdered(
    cutGroups(chunks, { width: keyCount + step.input.length, keys: keyCount }),
    {
      concurrency: step.concurrency,
      // Each holds a whole group.
      window: step.concurrency,
      call: (group) =>
        caller({
          keys: keys.row((column) => group.columns[column]?.[0] ?? null),
          rows: Array.from({ length: group.rows }, (_, index) => reader.row(rowAt(group, index))),
        }),
      emit: (group, { failure, value }) => {
        output.counts.read += group.rows;
        if (failure === undefined) {
          output.counts.folded += group.rows - 1;
          return writeAll(output, value);
        }
        for (let index = 0; index < group.rows; index += 1)
          output.reject({ ...failure, row: group.first + index, raw: reader.raw(rowAt(group, index)) });
      },
    },
    signal,
  );
};
