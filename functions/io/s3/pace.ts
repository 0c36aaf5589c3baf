/**
 * When a read is late. Starling asks again when a read of b bytes has taken longer than k (l + b / (t / c)): l until
 * the first byte, t bytes a second that a function gets, shared by c readers.
 * @see Perron and others, Starling: a scalable query engine on cloud function services, SIGMOD 2020, section 5
 */

/** k. With the l below a small read is late after 0.45 s; S3 answers nearly all of them in less. */
const LATE_FACTOR = 3;

/** l: the middle of what AWS documents for small objects. Starling measured 15 ms, at which most reads would be late. */
const FIRST_BYTE_MS = 150;

/** t: 625 Mbit/s, the documented network of a Lambda function. Starling measured 150 MB/s, in bursts. */
const BYTES_PER_MS = 78_125;

/** The weight of the last read in the pace; that of RFC 6298 for round trips. */
const LAST_WEIGHT = 1 / 8;

/** A pace beyond which a line is not slow but dead, and a straggler is one again. */
const MAX_PACE = 64;

/** Of one client: its reads under way, and how long they have taken lately, in units of what the formula expects. */
export type Pace = { readers: number; slowness: number };

/** As good as the formula says until reads have shown otherwise: on a slow line all would be late, and all be sent twice. */
export const createPace = (): Pace => ({ readers: 0, slowness: 1 });

/** Milliseconds that a read takes by the formula, at the readers that there are now. */
export const expectReadMs = ({ readers }: Pace, sizeBytes: number): number =>
  FIRST_BYTE_MS + (sizeBytes * Math.max(1, readers)) / BYTES_PER_MS;

/** Milliseconds after which a read is late. */
export const judgeLateMs = (pace: Pace, sizeBytes: number): number =>
  LATE_FACTOR * pace.slowness * expectReadMs(pace, sizeBytes);

/** Takes down how long a read took, against what was expected when it began. Never below the formula. */
export const recordRead = (pace: Pace, tookMs: number, expectedMs: number): void => {
  const slowness = Math.min(MAX_PACE, Math.max(1, tookMs / expectedMs));
  pace.slowness += LAST_WEIGHT * (slowness - pace.slowness);
};
