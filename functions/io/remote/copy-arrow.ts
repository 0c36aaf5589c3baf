import path from 'node:path';
import { DataType, type Field } from 'apache-arrow';
import type { PinnedArrowInput, PinnedFile } from '../../contract/pinned-input.ts';
import type { BodyBytes } from '../arrow/decode-message.ts';
import { findBuffers } from '../arrow/find-buffers.ts';
import { type ArrowStep, walkArrow } from '../arrow/walk-arrow.ts';
import { mapBounded } from '../map-bounded.ts';
import { nameArrowFile } from '../read-arrow-input.ts';
import { openHeaderBytes } from './header-bytes.ts';
import { clipRange, mergeRanges } from './merge-ranges.ts';
import type { ByteRange, RemoteFiles } from './remote-files.ts';

/** Files that are walked over at once: of a stream one read waits for the one before it. Each holds some MB. */
const WALKED_AT_ONCE = 8;

/** Files whose bodies are fetched at once; each has many reads under way. */
const FILES_AT_ONCE = 2;

type Message = Extract<ArrowStep, { kind: 'message' }>;

/** A walk reads headers alone. */
const noBody = (): BodyBytes => ({
  byteLength: 0,
  subarray: () => {
    throw new Error('the body of a message was asked for before it was fetched');
  },
});

/**
 * Walks over the messages of an object and puts each byte that the walk reads at its own place in a sparse file, so
 * that the same walk over that file finds the same. Throws InputFormatError.
 */
const copyHeaders = async (
  files: RemoteFiles,
  file: PinnedFile,
  targetPath: string,
): Promise<readonly Message[]> => {
  const messages: Message[] = [];
  const headers = openHeaderBytes(files, file, targetPath);
  const { sizeBytes, readBatches } = file;
  const walk = walkArrow({ sizeBytes, batches: readBatches, bodyOf: noBody });
  const advance = (...bytes: [] | [Uint8Array]): IteratorResult<ArrowStep, void> => {
    try {
      return walk.next(...bytes);
    } catch (error) {
      throw nameArrowFile(file.path, error);
    }
  };
  for (let next = advance(); next.done !== true; ) {
    const step = next.value;
    if (step.kind === 'soon') headers.expect(step.extents);
    if (step.kind === 'message') messages.push(step);
    next = step.kind === 'need' ? advance(await headers.read(step)) : advance();
  }
  await headers.end();
  return messages;
};

const idsOf = ({ type }: Pick<Field, 'type'>): readonly number[] => {
  if (DataType.isDictionary(type)) return [type.id];
  return (type.children ?? []).flatMap(idsOf);
};

/** Bytes of bodies that the wanted columns need: their buffers in batches, and their dictionaries. */
const bodiesOf = (messages: readonly Message[], wanted: ReadonlySet<number>): readonly ByteRange[] => {
  const [first] = messages;
  const fields: readonly Field[] = first?.message.kind === 'schema' ? first.message.schema.fields : [];
  const ids = new Set(fields.flatMap((field, index) => (wanted.has(index) ? idsOf(field) : [])));
  return messages.flatMap(({ message, body }): readonly ByteRange[] => {
    const whole = { offset: body.offset, lengthBytes: body.length };
    if (message.kind === 'dictionary') return ids.has(message.header.id) ? [whole] : [];
    if (message.kind !== 'batch') return [];
    return findBuffers(message.header, fields, wanted)
      .map(({ offset, length }) => ({ offset: body.offset + offset, lengthBytes: length }))
      .filter(({ lengthBytes }) => lengthBytes > 0);
  });
};

const localOf = (folder: string, index: number) =>
  ({ path: path.join(folder, `arrow-${index}`), compression: 'none' }) as const;

/** Copies of Arrow files and streams everything but the bodies of messages, into sparse files of `folder`. */
export const copyArrowHeaders = (
  files: RemoteFiles,
  pinned: readonly PinnedFile[],
  folder: string,
): Promise<readonly PinnedFile[]> =>
  mapBounded(pinned, WALKED_AT_ONCE, async (file, index) => {
    const local = localOf(folder, index);
    await copyHeaders(files, file, local.path);
    return { ...file, local };
  });

/**
 * Copies of Arrow files and streams what a task needs into sparse files of `folder`: the headers, and of the batches
 * of `readBatches` the buffers of `columns` with their dictionaries. A file is entered at its first batch by its
 * footer; a stream is walked over from its beginning. Throws InputFormatError, InputChangedError.
 */
export const copyArrowBatches = async (
  files: RemoteFiles,
  input: PinnedArrowInput,
  { folder, columns }: { readonly folder: string; readonly columns: readonly string[] },
): Promise<PinnedArrowInput> => {
  const copied = await mapBounded(input.files, WALKED_AT_ONCE, async (file, index) => {
    const local = localOf(folder, index);
    const messages = await copyHeaders(files, file, local.path);
    const layout = input.layouts[file.layout ?? -1] ?? [];
    const wanted = new Set(layout.flatMap(({ name }, at) => (columns.includes(name) ? [at] : [])));
    const ranges = bodiesOf(messages, wanted).flatMap((range) => clipRange(range, file.sizeBytes));
    return { file: { ...file, local }, ranges: mergeRanges(ranges) };
  });
  await mapBounded(copied, FILES_AT_ONCE, async ({ file, ranges }) => {
    if (ranges.length > 0) await files.copy(file, ranges, file.local.path);
  });
  return { ...input, files: copied.map(({ file }) => file) };
};
