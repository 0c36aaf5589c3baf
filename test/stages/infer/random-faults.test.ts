/** Law: whatever an endpoint does to whichever request, each row is answered rightly or rejected, exactly once. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openEndpoint } from '../../../functions/io/endpoints/open-endpoint.ts';
import { runInferTask } from '../../../functions/stages/infer/run-infer-task.ts';
import { printRows, withConnection } from '../../io/arrow/round-trip.ts';
import { quickWorld, settingsOf, stepOf } from '../../io/endpoints/endpoint-world.ts';
import {
  chatReply,
  errorReply,
  lastMessage,
  type Replied,
  startScriptedEndpoint,
} from '../../io/endpoints/scripted-endpoint.ts';
import { announceSeed } from '../../oracle/grammar.ts';
import { openInferWorld } from './infer-world.ts';

const ROWS = 150;

const FAULTS: readonly Replied[] = [
  errorReply(429),
  errorReply(429, {}, { 'retry-after-ms': '1' }),
  errorReply(500),
  errorReply(503),
  errorReply(400),
  errorReply(400, { code: 'context_length_exceeded' }),
  'none',
  { body: '{' },
  { body: { choices: [] } },
  { body: 'x'.repeat(50), cutAfterBytes: 9 },
  chatReply(null),
  chatReply('filtered', { reason: 'content_filter' }),
  { status: 502, headers: { 'content-type': 'text/html' }, body: '<html></html>' },
];

type Schedule = {
  readonly concurrency: number;
  readonly attempts: number;
  /** Which fault each request meets, if any, one after another and over again. */
  readonly faults: readonly (number | undefined)[];
};

const schedules: fc.Arbitrary<Schedule> = fc.record({
  concurrency: fc.integer({ min: 1, max: 24 }),
  attempts: fc.integer({ min: 1, max: 6 }),
  faults: fc.array(fc.option(fc.nat(FAULTS.length - 1), { freq: 1, nil: undefined }), {
    minLength: 5,
    maxLength: 60,
  }),
});

it('answers or rejects each row exactly once', async () => {
  await withConnection(async (connection) => {
    let tables = 0;
    const check = async ({ concurrency, attempts, faults }: Schedule): Promise<void> => {
      const server = await startScriptedEndpoint((asked) => {
        const fault = faults[asked.number % (faults.length + 1)];
        return (fault === undefined ? undefined : FAULTS[fault]) ?? chatReply(`re: ${lastMessage(asked)}`);
      });
      const world = await openInferWorld(connection);
      const settings = settingsOf(server.url, { concurrency, attempts, giveUpSeconds: 60 });
      const endpoint = openEndpoint(settings, quickWorld);
      try {
        const query = `SELECT i AS id, '{"messages":[{"role":"user","content":"row ' || i || '"}]}' AS daybreak_request,
          i::BIGINT AS daybreak_seed FROM range(${ROWS}) r(i)`;
        const rejectLimit = { unit: 'rate', value: 1 } as const;
        const work = await world.workOver(query, { step: stepOf(), rejectLimit });
        const commit = await runInferTask(world.contextFor(), work, endpoint);
        const { read, written, rejected } = commit.counts;
        expect(read).toBe(ROWS);
        expect(written + rejected).toBe(ROWS);
        const table = `answers_${tables++}`;
        if (written > 0) await world.load(commit, table);
        else await connection.run(`CREATE TABLE ${table} (id BIGINT, daybreak_answer VARCHAR)`);
        const rejects = rejected === 0 ? '' : `UNION ALL SELECT "row" FROM '${world.rejectsPath(commit)}'`;
        const ids = await printRows(
          connection,
          `SELECT * FROM (SELECT id FROM ${table} ${rejects}) ORDER BY 1`,
        );
        expect(ids).toEqual(Array.from({ length: ROWS }, (_, id) => JSON.stringify([`${id}`])));
        const wrong = `SELECT id FROM ${table} WHERE daybreak_answer <> 're: row ' || id`;
        expect(await printRows(connection, wrong)).toEqual([]);
        expect(server.mostOpen()).toBeLessThanOrEqual(concurrency);
      } finally {
        endpoint.close();
        await world.close();
        await server.stop();
      }
    };
    await fc.assert(fc.asyncProperty(schedules, check), announceSeed('an endpoint with random faults', 5));
  });
}, 60_000);
