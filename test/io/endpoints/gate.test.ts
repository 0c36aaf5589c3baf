import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Gate, openGate, type Permit } from '../../../functions/io/endpoints/gate.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { quickWorld } from './endpoint-world.ts';

const never = new AbortController().signal;
const PATIENCE = { giveUpMs: 60_000, lastRowsMs: 60_000 };
const gateOf = (most: number): Gate => openGate({ most, ...PATIENCE }, quickWorld);
const enter = (gate: Gate, characters = 1, signal = never): Promise<Permit> =>
  gate.enter({ characters, signal });
/** Lets what is settled be seen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a gate', () => {
  it('lets requests in in the order in which they came, and no more than it may', async () => {
    const gate = gateOf(2);
    const entered: number[] = [];
    const permits = Array.from({ length: 5 }, async (_, number) => {
      const permit = await enter(gate);
      entered.push(number);
      return permit;
    });
    await settle();
    expect(entered).toEqual([0, 1]);
    expect(gate.figures()).toMatchObject({ open: 2, waiting: 3 });
    for (const [number, permit] of permits.entries()) {
      (await permit).answered();
      await settle();
      expect(entered).toEqual([0, 1, 2, 3, 4].slice(0, number + 3));
    }
    expect(gate.figures()).toMatchObject({ open: 0, waiting: 0 });
  });

  it('keeps what is open within the memory, and lets one of any size in by itself', async () => {
    const gate = gateOf(8);
    const large = 2 ** 25;
    const first = await enter(gate, 2 ** 30);
    const second = enter(gate, large);
    await settle();
    expect(gate.figures()).toMatchObject({ open: 1, waiting: 1 });
    first.answered();
    const open = await second;
    const third = await enter(gate, large);
    const fourth = enter(gate, 1);
    await settle();
    expect(gate.figures()).toMatchObject({ open: 2, waiting: 1 });
    open.left();
    third.left();
    (await fourth).left();
  });

  it('forgets who goes away while they wait, and holds up nobody behind them', async () => {
    const gate = gateOf(1);
    const stop = new AbortController();
    const first = await enter(gate);
    const gone = enter(gate, 1, stop.signal);
    const next = enter(gate);
    stop.abort(new Error('halted'));
    await expect(gone).rejects.toThrow('halted');
    first.answered();
    (await next).answered();
    await expect(enter(gate, 1, stop.signal)).rejects.toThrow('halted');
  });

  it('fails all who wait and all who come when it closes, and tells those inside', async () => {
    const gate = gateOf(1);
    const permit = await enter(gate);
    const waiting = enter(gate);
    gate.close(new Error('lost'));
    gate.close(new Error('again'));
    await expect(waiting).rejects.toThrow('lost');
    await expect(enter(gate)).rejects.toThrow('lost');
    expect(gate.closed.reason).toMatchObject({ message: 'lost' });
    permit.left();
  });

  it('knows why it waits', async () => {
    const gate = gateOf(2);
    expect(gate.figures().because).toBeUndefined();
    (await enter(gate)).failed({ kind: 'unreachable', problem: 'cannot be reached' });
    expect(gate.figures()).toMatchObject({ because: 'cannot be reached' });
  });

  it('refuses a permit that is given back twice', async () => {
    const permit = await enter(gateOf(1));
    permit.left();
    expect(() => permit.answered()).toThrow(/twice/);
  });

  it('tells one that the endpoint is lost, all others that somebody was told, and lets nobody in', async () => {
    const gate = gateOf(8);
    const permits = await Promise.all([enter(gate), enter(gate), enter(gate)]);
    const verdicts = permits.map((permit) => permit.failed({ kind: 'refused' }).patience);
    expect(verdicts).toEqual(['lost', 'closing', 'closing']);
    const waiting = enter(gate);
    await settle();
    expect(gate.figures()).toMatchObject({ open: 0, waiting: 1 });
    gate.close(new Error('lost'));
    await expect(waiting).rejects.toThrow('lost');
  });

  it('lets everybody in who stays, whatever happens to those inside', async () => {
    const ends = fc.array(fc.constantFrom('answered', 'left', 'failed', 'throttled', 'aborted'), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), ends, async (most, all) => {
        const gate = gateOf(most);
        const done = all.map(async (end) => {
          const stop = new AbortController();
          const entering = enter(gate, 1, stop.signal);
          if (end === 'aborted') stop.abort(new Error('halted'));
          const permit = await entering.catch(() => undefined);
          expect(gate.figures().open).toBeLessThanOrEqual(most);
          await settle();
          if (end === 'answered') permit?.answered();
          else if (end === 'failed' || end === 'throttled') permit?.failed({ kind: end });
          else permit?.left();
        });
        await Promise.all(done);
        expect(gate.figures()).toMatchObject({ open: 0, waiting: 0 });
      }),
      announceSeed('a gate', 50),
    );
  });
});
