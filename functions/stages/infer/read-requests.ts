import type { Column } from '../../contract/columns.ts';
import { INFER_REQUEST_COLUMNS, InferRequest, type PlannedInferStep } from '../../contract/planned-infer.ts';
import type { LoadedBatch } from '../../io/arrow/decode-stream.ts';
import { checkColumns } from '../../io/arrow/load-stream.ts';
import type { LoadedArray } from '../../io/arrow/loaded-array.ts';
import { parseDuckDBType } from '../../io/arrow/type-text.ts';
import type { AskedRow } from '../../io/endpoints/endpoint.ts';
import type { BlockStream } from '../../io/open-blocks.ts';

/** One row on its way: where it stands, what to ask for it, and how its reject would show it. */
export type RequestRow = {
  readonly batch: RequestBatch;
  /** In its batch. */
  readonly index: number;
};

/** Rows of one piece, with their requests. */
export type RequestBatch = {
  readonly loaded: LoadedBatch;
  /** The task of the stage before that wrote them. */
  readonly task: string;
  /** Number of a row among those that entered the step in that task, from 0. */
  readonly row: (index: number) => bigint;
  readonly asked: (index: number) => AskedRow;
  /** Of the request's text, as commits weigh it. */
  readonly characters: (index: number) => number;
  /** The first characters of the request's text. */
  readonly raw: (index: number, characters: number) => string;
};

/** The columns of the pieces that a stage `infer` reads. */
export const requestColumnsOf = ({ input }: PlannedInferStep): readonly Column[] => [
  ...input,
  ...INFER_REQUEST_COLUMNS,
];

/** Reads pieces batch by batch, and of each the rows in their order. Throws ArrowFormatError, and as the streams do. */
export function* readRequests(
  streams: Iterable<BlockStream>,
  step: PlannedInferStep,
): Generator<readonly RequestRow[], void> {
  const columns = requestColumnsOf(step).map(({ name, type }) => ({ name, type: parseDuckDBType(type) }));
  for (const stream of streams) {
    checkColumns(columns, stream.columns);
    for (const loaded of stream.batches) {
      const batch = requestBatchOf(loaded, stream.task, step.input.length);
      yield Array.from({ length: loaded.rows }, (_, index) => ({ batch, index }));
    }
  }
}

const requestBatchOf = (loaded: LoadedBatch, task: string, requestColumn: number): RequestBatch => {
  const [requests, seeds, rows] = loaded.arrays.slice(requestColumn);
  if (requests?.kind !== 'bytes' || seeds?.kind !== 'fixed' || rows?.kind !== 'fixed')
    throw new Error('a piece has no requests: its columns were checked');
  const { offsets } = requests;
  const sizeOf = (index: number): number => (offsets[index + 1] ?? 0) - (offsets[index] ?? 0);
  const textOf = (index: number, mostBytes = Number.POSITIVE_INFINITY): string => {
    const { data } = requests;
    const sizeBytes = Math.min(sizeOf(index), mostBytes);
    return Buffer.from(data.buffer, data.byteOffset + (offsets[index] ?? 0), sizeBytes).toString('utf8');
  };
  return {
    loaded,
    task,
    row: (index) => readBigInt(rows, index),
    asked: (index) => ({
      request: () => parseRequest(textOf(index)),
      characters: sizeOf(index),
      seed: readSeed(seeds, index),
    }),
    characters: (index) => {
      const first = offsets[index] ?? 0;
      return countCharacters(requests.data.subarray(first, first + sizeOf(index)));
    },
    // A character is at most four bytes; one that is cut in half at the end is beyond what is kept.
    raw: (index, characters) => textOf(index, 4 * characters + 4).slice(0, characters),
  };
};

/** The stage before wrote it: what is none is a mistake of ours. No message quotes it. */
const parseRequest = (text: string): InferRequest => {
  const parsed = InferRequest.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Error('a row of a stage infer has no request');
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** In UTF-8 each begins with a byte of another form than those that go on. */
const countCharacters = (bytes: Uint8Array): number => {
  let characters = 0;
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) characters += 1;
  return characters;
};

type Fixed = Extract<LoadedArray, { kind: 'fixed' }>;

const readSeed = (seeds: Fixed, index: number): number | undefined => {
  const { validity } = seeds;
  if (validity !== null && (((validity[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 0) return undefined;
  return Number(readBigInt(seeds, index));
};

const readBigInt = ({ values }: Fixed, index: number): bigint =>
  new DataView(values.buffer, values.byteOffset, values.byteLength).getBigInt64(index * 8, true);
