import { describe, expect, it } from 'vitest';
import { type RacedRequest, raceStraggler } from '../../../functions/io/s3/race-straggler.ts';

const always = (): boolean => true;
const unanswered = new Promise<string>(() => {});

/** A request that plays its part, first or second, and is kept to be looked at. */
const play = (...parts: readonly Promise<string>[]) => {
  const sent: RacedRequest[] = [];
  const send = (request: RacedRequest): Promise<string> => {
    sent.push(request);
    return parts[sent.length - 1] ?? Promise.reject(new Error('a third request'));
  };
  return { sent, send };
};
const fails = (reason: string): Promise<string> => {
  const failure = Promise.reject(new Error(reason));
  failure.catch(() => {});
  return failure;
};

describe('raceStraggler', () => {
  it('sends one request where the answer is in time', async () => {
    const { sent, send } = play(Promise.resolve('one'));
    expect(await raceStraggler(send, { afterMs: 3_600_000, mayDuplicate: always })).toBe('one');
    expect(sent.map(({ isDuplicate }) => isDuplicate)).toEqual([false]);
    expect(sent[0]?.signal.aborted).toBe(false);
  });

  it('sends a second where it is late, takes its answer and aborts the first', async () => {
    const { sent, send } = play(unanswered, Promise.resolve('two'));
    expect(await raceStraggler(send, { afterMs: 1, mayDuplicate: always })).toBe('two');
    expect(sent.map(({ isDuplicate, signal }) => [isDuplicate, signal.aborted])).toEqual([
      [false, true],
      [true, false],
    ]);
  });

  it('sends none where a second is of no use', async () => {
    let answer: (text: string) => void = () => {};
    const { sent, send } = play(
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    const mayDuplicate = (): boolean => {
      answer('one');
      return false;
    };
    expect(await raceStraggler(send, { afterMs: 1, mayDuplicate })).toBe('one');
    expect(sent.length).toBe(1);
  });

  it('fails at once where the first fails before it is late', async () => {
    const { sent, send } = play(fails('one'));
    await expect(raceStraggler(send, { afterMs: 3_600_000, mayDuplicate: always })).rejects.toThrow('one');
    expect(sent.length).toBe(1);
  });

  it('waits for the one that is left, and fails as the first where both do', async () => {
    let failFirst: (error: Error) => void = () => {};
    const first = new Promise<string>((_, reject) => {
      failFirst = reject;
    });
    const sent: RacedRequest[] = [];
    const send = (request: RacedRequest): Promise<string> => {
      if (sent.push(request) === 1) return first;
      queueMicrotask(() => setImmediate(() => failFirst(new Error('one'))));
      return fails('two');
    };
    await expect(raceStraggler(send, { afterMs: 1, mayDuplicate: always })).rejects.toThrow('one');
    expect(sent.length).toBe(2);
  });

  it('passes an abort on to both', async () => {
    const abort = new AbortController();
    const { sent, send } = play(unanswered, unanswered);
    const mayDuplicate = (): boolean => {
      queueMicrotask(() => abort.abort(new Error('cancelled')));
      return true;
    };
    const ended = raceStraggler(
      (request) =>
        Promise.race([
          send(request),
          new Promise<string>((_, reject) =>
            request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true }),
          ),
        ]),
      { afterMs: 1, mayDuplicate, signal: abort.signal },
    );
    await expect(ended).rejects.toThrow('cancelled');
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  });
});
