import { isPublished } from '../../functions/stages/end-run.ts';
import { readJobFacts } from '../../functions/stages/read-job-state.ts';
import { openDeployment } from '../cloud/open-deployment.ts';
import { addPlace, type CloudPlace, type PlaceOptions } from '../cloud/place-options.ts';
import { conclude } from '../conclude.ts';
import { SENT_PATIENCE_MS } from '../watch-job.ts';
import { watchAt } from './watch.ts';

export type ResumeThereOptions = PlaceOptions & { readonly wait?: boolean; readonly json?: boolean };

/** `daybreak resume` of a deployment: lets a job that stopped wait for a slot again. */
export const resumeThere = async (
  job: string,
  cloud: CloudPlace,
  options: ResumeThereOptions,
): Promise<void> => {
  const hint = (sentence: string): string => addPlace(sentence, options);
  const { world, openList, deployment, send } = await openDeployment(cloud);
  const before = await readJobFacts(world, job);
  const { outcome, report } = before;
  if (report !== undefined && isPublished(outcome) && report.outcome === outcome?.kind) {
    return conclude(report, { ...options, hint });
  }
  await send({ kind: 'resume', job });
  if (options.wait === true) {
    process.stderr.write(`job ${job}\n`);
    const place = { world, openList, name: deployment.stack, cloud, hint };
    return watchAt(place, { job, before, patienceMs: SENT_PATIENCE_MS }, options);
  }
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ job, stack: deployment.stack })}\n`);
    return;
  }
  process.stdout.write(`job ${job} goes on\n${hint(`\`daybreak watch ${job}\` shows how it goes`)}\n`);
};
