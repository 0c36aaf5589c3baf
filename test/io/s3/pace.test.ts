import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPace, expectReadMs, judgeLateMs, recordRead } from '../../../functions/io/s3/pace.ts';
import { announceSeed } from '../../oracle/grammar.ts';

const bytesArbitrary = fc.integer({ min: 0, max: 2 ** 30 });

describe('when a read is late', () => {
  it('is after three times the first byte, where there are few bytes', () => {
    expect(judgeLateMs(createPace(), 0)).toBe(450);
  });

  it('is later for more bytes and for more readers, who share the network', () => {
    fc.assert(
      fc.property(bytesArbitrary, fc.integer({ min: 1, max: 64 }), (sizeBytes, readers) => {
        const pace = { ...createPace(), readers };
        expect(judgeLateMs(pace, sizeBytes + 1)).toBeGreaterThan(judgeLateMs(pace, sizeBytes));
        const more = { ...pace, readers: readers + 1 };
        expect(judgeLateMs(more, sizeBytes + 1)).toBeGreaterThan(judgeLateMs(pace, sizeBytes + 1));
      }),
      announceSeed('lateness grows', 200),
    );
  });

  it('follows a line that is slower than the formula, so that its reads are not all sent twice', () => {
    fc.assert(
      fc.property(bytesArbitrary, fc.integer({ min: 1, max: 60 }), (sizeBytes, slowness) => {
        const pace = createPace();
        const expectedMs = expectReadMs(pace, sizeBytes);
        for (let read = 0; read < 40; read += 1) recordRead(pace, slowness * expectedMs, expectedMs);
        expect(slowness * expectedMs).toBeLessThan(judgeLateMs(pace, sizeBytes));
      }),
      announceSeed('lateness follows the line', 200),
    );
  });

  it('stays where reads are quicker than the formula, and has a bound where they are not', () => {
    const pace = createPace();
    for (let read = 0; read < 100; read += 1) recordRead(pace, 1, 150);
    expect(pace.slowness).toBe(1);
    for (let read = 0; read < 1000; read += 1) recordRead(pace, 1e9, 150);
    expect(pace.slowness).toBeLessThanOrEqual(64);
  });
});
