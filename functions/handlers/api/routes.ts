import * as z from 'zod';
import { type HttpEvent, type HttpReply, PAGE, type Route } from '../../contract/api.ts';
import type { Scope } from '../../contract/api-keys.ts';
import { NoReportError, RequestError } from '../../contract/errors-cloud.ts';
import { JobId } from '../../contract/ids.ts';
import { findAllPresence, findCloudPresence } from '../../io/cloud/cloud-presence.ts';
import { cancelJob } from '../../stages/cancel-job.ts';
import { statusOf, summarizeJobs } from '../../stages/describe-job.ts';
import { isPublished } from '../../stages/end-run.ts';
import { type JobWorld, listJobs, readJobFacts, readJobState } from '../../stages/read-job-state.ts';
import type { ApiContext } from './context.ts';
import { postJob, statusUrl } from './post-job.ts';
import { renderReply } from './reply.ts';

type Answer = (context: ApiContext, event: HttpEvent) => Promise<HttpReply>;

const worldOf = ({ store }: ApiContext): JobWorld => ({
  store,
  findPresence: (job) => findCloudPresence(store, job),
});

/** What it is does not matter here: a text that is no id names no job. */
const jobOf = ({ pathParameters }: HttpEvent): string => pathParameters?.job ?? '';

/** Fails with RequestError, naming every parameter that is wrong. */
const readQuery = <Schema extends z.ZodType>(
  schema: Schema,
  { queryStringParameters }: HttpEvent,
): z.infer<Schema> => {
  const parsed = schema.safeParse(queryStringParameters ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`,
  );
  throw new RequestError({ status: 400, reason: `the query cannot be used: ${problems.join('; ')}` });
};

const A_LIMIT = `expected a whole number from 1 to ${PAGE.mostJobs}`;
const PageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, { error: A_LIMIT })
    .transform(Number)
    .refine((limit) => limit <= PAGE.mostJobs, { error: A_LIMIT })
    .default(PAGE.jobs),
  after: JobId.optional(),
});

const getJobs: Answer = async (context, event) => {
  const { limit, after } = readQuery(PageQuery, event);
  const all = await listJobs(context.store);
  const left = after === undefined ? all : all.filter((job) => job > after);
  const page = left.slice(0, limit);
  const world = { store: context.store, findPresence: await findAllPresence(context.store) };
  const next = left.length > page.length ? page.at(-1) : undefined;
  return renderReply(200, { jobs: await summarizeJobs(world, page), next });
};

const getJob: Answer = async (context, event) => {
  readQuery(z.strictObject({}), event);
  return renderReply(200, statusOf(await readJobState(worldOf(context), jobOf(event))));
};

const ReportQuery = z.strictObject({
  format: z
    .literal('json', { error: 'expected json; `daybreak report JOB --html FILE` draws the page' })
    .optional(),
});

const getReport: Answer = async (context, event) => {
  readQuery(ReportQuery, event);
  const { job, word, report } = await readJobFacts(worldOf(context), jobOf(event));
  if (report === undefined) throw new NoReportError({ job: job.job, word });
  return renderReply(200, report);
};

/** Some seconds of the 29 that the gateway waits: their commits are read twice, and may be 40 kB each. */
const MOST_TASKS_TOLD = 1_000;

const postCancel: Answer = async (context, event) => {
  const facts = await readJobFacts(worldOf(context), jobOf(event));
  const message = await cancelJob({ ...context, mostTasksTold: MOST_TASKS_TOLD }, facts);
  return renderReply(200, { job: facts.job.job, message });
};

const postResume: Answer = async (context, event) => {
  const { job, outcome, report } = await readJobFacts(worldOf(context), jobOf(event));
  const status = statusUrl(event, job.job);
  if (isPublished(outcome) && report?.outcome === outcome?.kind) {
    return renderReply(200, { job: job.job, status, message: `job ${job.job} is ${outcome?.kind} already` });
  }
  await context.send({ kind: 'resume', job: job.job });
  return renderReply(202, { job: job.job, status, message: `job ${job.job} goes on` }, { location: status });
};

/** Every route, the scope that it needs, and what answers it. */
export const ANSWERS: Readonly<Record<Route, { readonly scope: Scope; readonly answer: Answer }>> = {
  'POST /jobs': { scope: 'submit', answer: postJob },
  'POST /start': { scope: 'submit', answer: postJob },
  'GET /jobs': { scope: 'read', answer: getJobs },
  'GET /jobs/{job}': { scope: 'read', answer: getJob },
  'GET /jobs/{job}/report': { scope: 'read', answer: getReport },
  'POST /jobs/{job}/cancel': { scope: 'cancel', answer: postCancel },
  'POST /jobs/{job}/resume': { scope: 'submit', answer: postResume },
};
