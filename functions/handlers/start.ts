/**
 * The function `start`: what the queue brings becomes a job that waits for a slot. Each message stands for itself; one
 * that fails is named in the answer and comes again alone, five times, then it is a dead letter, which an alarm tells.
 *
 * A message that can never be right is of one of two kinds. What does not parse is left to the dead letters: it is a
 * mistake of ours or of whoever else may write to the queue, nobody waits for an answer, and acknowledged it would be
 * gone. What parses and is not possible, such as a second job under a taken id, is logged and acknowledged: its sender
 * sees by the id which job stands there, and no further try can change that.
 */
import * as z from 'zod';
import { DaybreakError } from '../contract/errors.ts';
import { EXIT_CODES } from '../contract/failures.ts';
import { INBOX_SOURCE, InboxEvent, StartMessage } from '../contract/start-message.ts';
import { type DispatchContext, dispatchJobs } from '../stages/dispatch/dispatch-jobs.ts';
import { resumeJob, submitJob } from '../stages/dispatch/submit-job.ts';
import { takeUpload } from '../stages/take-upload.ts';
import { readEnvironment } from './environment.ts';
import type { LambdaContext } from './lambda.ts';
import { log, logAbout } from './log.ts';
import { openDispatch } from './open-dispatch.ts';
import { openS3 } from './world.ts';

/** @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html */
const QueueEvent = z.looseObject({
  Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })),
});
type Failures = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

/** What one message may take of the function's time: one that hangs must not take the others with it. */
const MESSAGE_SHARE = 0.4;
/** Below this a message is not begun any more: it comes again in another batch. */
const LEAST_MS = 5_000;
/** Kept for the dispatch behind the messages, and the answer. */
const MARGIN_MS = 8_000;

export const handler = async (event: unknown, lambda: LambdaContext): Promise<Failures> => {
  const { Records } = QueueEvent.parse(event);
  const context = openDispatch();
  const limitMs = lambda.getRemainingTimeInMillis() * MESSAGE_SHARE;
  const failed: { itemIdentifier: string }[] = [];
  for (const { messageId, body } of Records) {
    logAbout('start', {});
    try {
      const leftMs = lambda.getRemainingTimeInMillis() - MARGIN_MS;
      if (leftMs < LEAST_MS) throw new Error('there was no time left for it');
      await withinMs(Math.min(limitMs, leftMs), takeMessage(context, body));
    } catch (error) {
      log.error(`message ${messageId} failed`, error as Error);
      failed.push({ itemIdentifier: messageId });
    }
  }
  await dispatch(context);
  return { batchItemFailures: failed };
};

/** A job that waits is not lost: where this fails, the monitor dispatches within a minute. */
const dispatch = async (context: DispatchContext): Promise<void> => {
  logAbout('start', {});
  try {
    const started = await dispatchJobs(context);
    if (started.length > 0) log.info('dispatched', { started });
  } catch (error) {
    log.error('dispatch failed', error as Error);
  }
};

const takeMessage = async (context: DispatchContext, body: string): Promise<void> => {
  const json: unknown = JSON.parse(body);
  const isUpload =
    typeof json === 'object' && json !== null && 'source' in json && json.source === INBOX_SOURCE;
  try {
    await (isUpload
      ? takeInboxEvent(context, InboxEvent.parse(json))
      : takeStartMessage(context, StartMessage.parse(json)));
  } catch (error) {
    if (!(error instanceof DaybreakError) || error.row.exitCode !== EXIT_CODES.refused) throw error;
    log.warn('a message cannot be done, now or later', { failure: error.name, reason: error.message });
  }
};

const takeStartMessage = async (context: DispatchContext, message: StartMessage): Promise<void> => {
  if (message.kind === 'resume') {
    logAbout('start', message);
    log.info('resumed', { became: await resumeJob(context, message.job) });
    return;
  }
  logAbout('start', message.job);
  await submitJob(context, message.job);
  log.info('submitted', { submittedBy: message.job.submittedBy });
};

const takeInboxEvent = async (context: DispatchContext, event: InboxEvent): Promise<void> => {
  const { dataBucket, allowedUris: allowed } = readEnvironment('dataBucket', 'allowedUris');
  const { key } = event.detail.object;
  const taken = await takeUpload({ s3: openS3(), dataBucket, allowed, now: context.now }, event);
  if (taken.kind === 'job') {
    logAbout('start', taken.job);
    await submitJob(context, taken.job);
    log.info('submitted', { upload: key });
    return;
  }
  if (taken.kind === 'rejected') {
    log.warn('an upload was rejected', { upload: key, failure: taken.error.name, told: taken.told });
    return;
  }
  log.info(`the upload ${taken.reason}: nothing to do`, { upload: key });
};

const withinMs = async (limitMs: number, work: Promise<void>): Promise<void> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new Error(`it was not done within ${Math.round(limitMs / 1000)} s`);
  const timer = setTimeout(() => reject(late), limitMs);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
};
