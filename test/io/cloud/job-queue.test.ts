import { expect, it } from 'vitest';
import { MESSAGE_BYTES, StartMessage } from '../../../functions/contract/start-message.ts';
import { renderStartMessage } from '../../../functions/io/cloud/job-queue.ts';
import { readSpec } from '../../../functions/io/spec/parse-spec.ts';
import { makeJob } from '../../../functions/stages/make-job.ts';

const messageOf = (uris: readonly string[]): StartMessage => {
  const spec = { name: 'a', input: { uri: uris }, output: { uri: 's3://b/out' } };
  const parsed = readSpec(JSON.stringify(spec), { file: 'spec.json' });
  return { kind: 'submit', job: makeJob(parsed, { id: 'a', now: new Date(), submittedBy: 'tests' }) };
};

it('gives a message that reads back as it was', () => {
  const message = messageOf(['s3://b/ä.csv']);
  expect(StartMessage.parse(JSON.parse(renderStartMessage(message)))).toEqual(message);
});

it('refuses by name what the queue does not take, counting bytes and not characters', () => {
  const long = messageOf(Array.from({ length: 1_000 }, (_, index) => `s3://b/${'ä'.repeat(121)}${index}`));
  expect(JSON.stringify(long).length).toBeLessThan(MESSAGE_BYTES);
  expect(() => renderStartMessage(long)).toThrow(
    expect.objectContaining({
      name: 'LimitError',
      message: expect.stringContaining('name a folder or a pattern'),
    }),
  );
});
