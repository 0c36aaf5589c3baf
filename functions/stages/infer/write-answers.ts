import path from 'node:path';
import { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import { type AppendRows, writePartitionedBlock } from '../../io/arrow/block-writer.ts';
import type { LoadedBatch } from '../../io/arrow/decode-stream.ts';
import { parseDuckDBType } from '../../io/arrow/type-text.ts';
import { writeChunk } from '../../io/arrow/write-vector.ts';
import type { WrittenBlockFile } from '../write-block.ts';
import { type Answered, answerArraysOf, answerColumnsOf } from './answer-columns.ts';

/** Memory for rows that wait for their record batch, and for batches that wait for their place. */
const MOST_BUFFER_BYTES = 32 * 2 ** 20;
const BUFFER_SHARE = 1 / 16;

/** Adds the rows of a batch that have an answer, in their order. */
export type AppendAnswers = (batch: LoadedBatch, answers: readonly (Answered | undefined)[]) => void;

/**
 * Writes the block of a task of a stage `infer`: one piece, none where there are no rows. The columns of the step's
 * input pass through as they came, with the answer and its figures behind them.
 */
export const writeAnswers = async (
  step: PlannedInferStep,
  { folder, memoryBytes }: { readonly folder: string; readonly memoryBytes: number },
  fill: (append: AppendAnswers) => Promise<void>,
): Promise<WrittenBlockFile> => {
  const columns = answerColumnsOf(step);
  const file = path.join(folder, 'block.arrow');
  const bufferBytes = Math.min(MOST_BUFFER_BYTES, memoryBytes * BUFFER_SHARE);
  const written = await writePartitionedBlock(
    {
      path: file,
      scratchPath: path.join(folder, 'block.pending'),
      columns,
      partitions: 1,
      bufferBytes,
      pendingBytes: 2 * bufferBytes,
    },
    (append) => {
      const chunk = DuckDBDataChunk.create(columns.map(({ type }) => parseDuckDBType(type)));
      return fill((batch, answers) => {
        const added = answerArraysOf(answers, step.answer);
        const whole = { rows: batch.rows, arrays: [...batch.arrays.slice(0, step.input.length), ...added] };
        for (const run of runsOf(answers)) appendRun({ chunk, append }, whole, run);
      });
    },
  );
  const { sizeBytes, sha256, rows } = written;
  return {
    path: file,
    object: { format: 'arrow', sizeBytes, sha256 },
    partitions: written.partitions
      .filter((piece) => piece.rows > 0)
      .map((piece) => [piece.offset, piece.sizeBytes, piece.crc32, piece.rows]),
    rows,
  };
};

type Run = { readonly start: number; readonly end: number };

/** The stretches of rows that have an answer. */
const runsOf = (answers: readonly (Answered | undefined)[]): readonly Run[] => {
  const runs: Run[] = [];
  let start = 0;
  for (let at = 0; at <= answers.length; at += 1) {
    if (answers[at] !== undefined) continue;
    if (at > start) runs.push({ start, end: at });
    start = at + 1;
  }
  return runs;
};

const appendRun = (
  { chunk, append }: { readonly chunk: DuckDBDataChunk; readonly append: AppendRows },
  batch: LoadedBatch,
  { start, end }: Run,
): void => {
  const vectorRows = duckdb.vector_size();
  for (let at = start; at < end; at += vectorRows) {
    const count = Math.min(vectorRows, end - at);
    chunk.reset();
    writeChunk(chunk, batch, { start: at, count });
    append(chunk, new Uint32Array(count));
  }
};
