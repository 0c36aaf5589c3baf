/** Jobs as far as an output sees them: their runs, how those ended, and what runners do to the output. */
import { openObjectOutput } from '../../../functions/io/s3/s3-output.ts';
import { type MemoryOutput, openMemoryObjects } from './memory-objects.ts';
import { AT, manifestOf, partsOf, type RequestHook } from './output-world.ts';

export type Deed = 'publish' | 'cancel' | 'resume';

type JobState = {
  run: '0001' | '0002';
  /** As `outcome.json` of each run decides it: the first to say so. */
  readonly outcomes: Map<string, 'published' | 'cancelled'>;
  /** Whether the report is there, which is the last of a publish. */
  hasReport: boolean;
};

const PLACE = 's3://memory/out/';
const unhooked: RequestHook = async () => undefined;

export const openScheduledJobs = (output: MemoryOutput) => {
  const jobs = new Map<string, JobState>();

  const stateOf = (job: string): JobState => {
    const state = jobs.get(job) ?? { run: '0001', outcomes: new Map(), hasReport: false };
    jobs.set(job, state);
    return state;
  };

  const outcomeOf = (job: string) => stateOf(job).outcomes.get(stateOf(job).run);

  const hasEnded = async ({ job }: { readonly job: string }): Promise<boolean> =>
    outcomeOf(job) === 'cancelled' || stateOf(job).hasReport;

  const open = (job: string, run: string | undefined, hook: RequestHook) =>
    openObjectOutput(openMemoryObjects(output, PLACE, hook), {
      job,
      at: AT,
      ...(run === undefined ? {} : { run }),
    });

  const decide = (job: string, run: string, wanted: 'published' | 'cancelled'): boolean => {
    const { outcomes } = stateOf(job);
    if (!outcomes.has(run)) outcomes.set(run, wanted);
    return outcomes.get(run) === wanted;
  };

  /** What ends a run that publishes nothing: it looks whether a later run is open, then gives the output back. */
  const release = async (job: string, run: string, hook: RequestHook): Promise<void> => {
    await hook('before', 'look for a later run');
    if (stateOf(job).run === run) await open(job, run, hook).release();
  };

  const publish = async (job: string, { isResume }: { readonly isResume: boolean }, hook: RequestHook) => {
    const hasPublished = async (): Promise<boolean> => {
      await hook('before', 'read the report');
      return stateOf(job).hasReport;
    };
    const wanted = { mode: 'overwrite', hasEnded, hasPublished } as const;
    await open(job, undefined, hook).claim(wanted);
    await hook('before', 'open a run');
    if (isResume && outcomeOf(job) === 'cancelled') stateOf(job).run = '0002';
    const { run } = stateOf(job);
    const opened = open(job, run, hook);
    await opened.claim(wanted);
    await hook('before', 'put the outcome');
    if (!decide(job, run, 'published')) return release(job, run, hook);
    for (const [name, text] of Object.entries(partsOf(job, run))) {
      await opened.addPart(name, { store: {} as never, key: text, sizeBytes: text.length });
    }
    await opened.finish(manifestOf(job, { run }), 'overwrite');
    await hook('before', 'put the report');
    stateOf(job).hasReport = true;
  };

  const cancel = async (job: string, hook: RequestHook): Promise<void> => {
    const { run } = stateOf(job);
    await hook('before', 'put the outcome');
    if (decide(job, run, 'cancelled')) await release(job, run, hook);
  };

  return {
    jobs,
    outcomeOf,
    act: async (job: string, deed: Deed, hook: RequestHook = unhooked): Promise<void> => {
      if (deed === 'cancel') await cancel(job, hook);
      else await publish(job, { isResume: deed === 'resume' }, hook);
    },
  };
};
