import { createHash } from 'node:crypto';
import type { HttpEvent, HttpReply } from '../../contract/api.ts';
import type { Problem } from '../../contract/errors.ts';
import { RequestError } from '../../contract/errors-cloud.ts';
import { JobExistsError } from '../../contract/errors-store.ts';
import { Job } from '../../contract/job.ts';
import { KEYS } from '../../contract/keys.ts';
import { drawJobId, requestJobId } from '../../core/job-id.ts';
import { modulesOf } from '../../core/modules-of.ts';
import { renderStartMessage } from '../../io/cloud/job-queue.ts';
import { digestOf } from '../../io/digest.ts';
import { storeModule } from '../../io/modules/store-module.ts';
import { readState } from '../../io/put-once.ts';
import { isSameRequest } from '../../stages/dispatch/submit-job.ts';
import { requireSubmittable } from '../../stages/judge-submission.ts';
import { makeJob } from '../../stages/make-job.ts';
import { type ApiContext, requireScope } from './context.ts';
import { readSubmission, type Submission } from './read-submission.ts';
import { renderReply } from './reply.ts';

/** With the second of the submission they tell jobs of one name apart, however many come at once. */
const RANDOM_BYTES = 4;

/** `POST /jobs`: gives a job to the queue. Fails with RequestError, SpecError, SubmissionError and more: docs/api.md. */
export const postJob = async (context: ApiContext, event: HttpEvent): Promise<HttpReply> => {
  const submission = await readSubmission(event);
  const { parsed, modules } = submission;
  const { spec } = parsed;
  if (modulesOf(spec).length + modules.size > 0) requireScope(context, 'modules', 'a job with modules');
  const now = context.now();
  const requestKey = readIdempotencyKey(event);
  const id =
    requestKey === undefined
      ? drawJobId(spec.name, now, context.random(RANDOM_BYTES))
      : requestJobId(spec.name, digestOf(['api', context.keyId, requestKey]));
  const hashes = hashesOf(modules);
  // Before its deadline is judged, which may have passed since the same request came first.
  if (requestKey !== undefined && (await isStanding(context, id, { specDigest: digestOf(spec), ...hashes })))
    return renderAccepted(event, id);
  await requireSubmittable(parsed, { now, uris: context.uris, more: findOddModules(submission) });
  const job = makeJob(parsed, { id, now, submittedBy: `api: ${context.keyId}`, ...hashes });
  const message = { kind: 'submit', job } as const;
  renderStartMessage(message);
  // Before the job, which names them: whoever finds the job finds its modules.
  for (const bytes of modules.values())
    await storeModule(context.store, id, { bytes, sha256: sha256Of(bytes) });
  await context.send(message);
  return renderAccepted(event, id);
};

/** Whether the same request is a job already. Fails with JobExistsError where another one was sent under its key. */
const isStanding = async (
  { store }: ApiContext,
  job: string,
  request: Pick<Job, 'specDigest' | 'modules'>,
): Promise<boolean> => {
  const standing = await readState(store, { key: KEYS.job.render({ job }), schema: Job });
  if (standing === undefined) return false;
  if (isSameRequest(standing, request)) return true;
  throw new JobExistsError(job);
};

const readIdempotencyKey = ({ headers }: HttpEvent): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new RequestError({
    status: 400,
    reason: 'the header Idempotency-Key is to be 1 to 255 printable ASCII characters without blanks',
  });
};

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const hashesOf = (modules: Submission['modules']): Pick<Job, 'modules'> =>
  modules.size === 0
    ? {}
    : { modules: Object.fromEntries([...modules].map(([field, bytes]) => [field, sha256Of(bytes)])) };

/** Modules that the spec names and the form lacks, and the other way round. */
const findOddModules = ({ parsed: { spec }, modules }: Submission): readonly Problem[] => {
  const uses = modulesOf(spec);
  const named = new Set(uses.map(({ use }) => use.module));
  return [
    ...uses
      .filter(({ use }) => !modules.has(use.module))
      .map(({ path, use }) => ({
        path,
        message: `the request brings no module ${JSON.stringify(use.module)}; send a form with a field of that name which holds it as one bundled ES module, or use \`daybreak submit\``,
      })),
    ...[...modules.keys()]
      .filter((field) => !named.has(field))
      .map((field) => ({
        path: '',
        message: `the form has a field ${JSON.stringify(field)}, and no step names a module of that path`,
      })),
  ];
};

const renderAccepted = (event: HttpEvent, job: string): HttpReply => {
  const status = statusUrl(event, job);
  return renderReply(202, { job, status }, { location: status });
};

/** Absolute where the gateway says what it is called. */
export const statusUrl = ({ requestContext: { domainName } }: HttpEvent, job: string): string =>
  `${domainName === undefined ? '' : `https://${domainName}`}/jobs/${job}`;
