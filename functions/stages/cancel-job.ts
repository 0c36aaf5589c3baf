import { FIRST_RUN } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { comingRun, type StandingRun } from '../core/decide-run.ts';
import { putHalt } from '../io/halt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { putOutcome } from '../io/put-outcome.ts';
import { buildReport, putReport } from './build-report.ts';
import { putEndReport } from './end-run.ts';
import { openOutput } from './open-output.ts';
import type { JobFacts } from './read-job-state.ts';
import type { StageContext } from './stage-context.ts';
import { writeTrace } from './write-trace.ts';

type CancelWorld = Pick<StageContext, 'store' | 's3' | 'now'> & {
  /**
   * The most tasks of which trace and report are put, a read of each commit or two, where whoever asked waits for an
   * answer. Absent: all. Of a larger job that nobody works on a resume, or its page, tells the rest.
   */
  readonly mostTasksTold?: number;
};

/**
 * Ends a job and frees its output; returns the sentence for the user. The outcome decides. A runner at work sees
 * the wish within seconds, and writes the trace when it stops; where nobody works, the job has ended with this.
 */
export const cancelJob = async (
  world: CancelWorld,
  { job: { job: id }, job, plan, outcome, word, presence }: JobFacts,
): Promise<string> => {
  const done = `job ${id} is cancelled; \`daybreak resume ${id}\` goes on with it`;
  const { store } = world;
  const at = world.now().toISOString();
  if (plan === undefined) {
    if (word === 'refused') return `job ${id} was refused before: there is nothing to cancel`;
    // No run is open: the wish waits for a runner that may be about to open one, the report says the rest.
    await putHalt(store, { job: id, run: FIRST_RUN, reason: 'cancel', at });
    await (await openOutput(world, job)).release();
    await putReport(store, await buildReport(world, { job, outcome: 'cancelled' }));
    return done;
  }
  await putHalt(store, { job: id, run: plan.run, reason: 'cancel', at });
  const { chosen } = await putOutcome(store, { job: id, run: plan.run, kind: 'cancelled', at });
  const coming = comingRun({ plan, outcome });
  // It has been resumed: the wish waits for the run that somebody is about to open.
  const isComing = coming !== plan.run && presence !== 'nobody';
  if (isComing) await putHalt(store, { job: id, run: coming, reason: 'cancel', at });
  // A superseded run is over and its job is not: with nobody at it the job ends here.
  const isEnded = chosen.kind === 'cancelled' || chosen.kind === 'superseded';
  if (isEnded) {
    await (await openOutput(world, job, plan.run)).release();
    const tasks = plan.stages.reduce((sum, stage) => sum + stage.tasks, 0);
    if (tasks <= (world.mostTasksTold ?? Number.POSITIVE_INFINITY)) {
      if (presence === 'nobody') await writeTrace(store, job);
      // A runner at work writes its own when it stops; where nobody works this one stays.
      await putEndReport(world, await buildReport(world, { job, plan, outcome: 'cancelled' }));
    }
  }
  if (isEnded || isComing) return done;
  return word === 'interrupted'
    ? `job ${id} is being published, which \`daybreak resume ${id}\` finishes: it cannot be cancelled`
    : `job ${id} has ended before: it is ${chosen.kind}`;
};

/** A resume takes back the wish to cancel a run that is not open yet. */
export const withdrawCancel = async (
  store: ObjectStore,
  job: string,
  current: StandingRun | undefined,
): Promise<void> => {
  const run = comingRun(current);
  if (run !== current?.plan.run) await store.delete(KEYS.halt.render({ job, run }));
};
