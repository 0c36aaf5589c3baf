import { createHash } from 'node:crypto';
import type { FoundObject, OutputObjects } from '../../../functions/io/s3/output-objects.ts';
import type { RequestHook } from './output-world.ts';

/** The objects of one output in memory, by name. */
export type MemoryOutput = Map<string, string>;

/** A listing comes in pages, between which others write. */
const PAGE = 2;

const etagOf = (text: string): string => createHash('md5').update(text).digest('hex');

/**
 * An output of which every request is one step, with the hook before and after it: what S3 does, at its least atomic.
 * The key of a part's source is the text of the part.
 */
export const openMemoryObjects = (
  output: MemoryOutput,
  place: string,
  hook: RequestHook = async () => undefined,
): OutputObjects => {
  const request = async <Result>(what: string, act: () => Result): Promise<Result> => {
    if ((await hook('before', what)) === 'again') act();
    const result = act();
    await hook('after', what);
    return result;
  };
  const put = (name: string, text: string): string => {
    output.set(name, text);
    return etagOf(text);
  };

  async function* list(): AsyncIterable<FoundObject> {
    let after: string | undefined;
    for (;;) {
      const page = await request('list', () =>
        [...output]
          .filter(([name]) => after === undefined || name > after)
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .slice(0, PAGE)
          .map(([name, text]) => ({ name, sizeBytes: Buffer.byteLength(text), etag: etagOf(text) })),
      );
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.name;
    }
  }

  return {
    place,
    read: (name) =>
      request(`read ${name}`, () => {
        const text = output.get(name);
        return text === undefined ? undefined : { bytes: Buffer.from(text), etag: etagOf(text) };
      }),
    write: (name, bytes, over) =>
      request(`write ${name}`, () => {
        const standing = output.get(name);
        if ((standing === undefined ? undefined : etagOf(standing)) !== over) return 'refused';
        put(name, Buffer.from(bytes).toString());
        return 'written';
      }),
    list,
    remove: async (found) => {
      for (const { name, etag } of found) {
        await request(`remove ${name}`, () => {
          const standing = output.get(name);
          if (standing !== undefined && etagOf(standing) === etag) output.delete(name);
        });
      }
    },
    addPart: (name, { key }) => request(`add ${name}`, () => put(name, key)),
  };
};
