import { readSealed } from '../functions/io/seal-stage.ts';
import type { JobState, JobWorld } from '../functions/stages/read-job-state.ts';
import type { ProgressView } from './progress.ts';
import { renderPublished, renderSealed } from './render-stage.ts';

/** What somebody who looks at a job has been shown of it. */
export type Showing = {
  readonly world: JobWorld;
  readonly view: ProgressView;
  readonly now: () => Date;
  word: JobState['word'] | undefined;
  run: string | undefined;
  /** Stages of the run whose end was shown. */
  stages: number;
  /** When the last of them ended, or the run began; ISO 8601. */
  since: string | undefined;
};

export const startShowing = (watcher: Pick<Showing, 'world' | 'view' | 'now'>): Showing => {
  const { world, view, now } = watcher;
  return { world, view, now, word: undefined, run: undefined, stages: 0, since: undefined };
};

/** Shows what is new since the last look. */
export const showJob = async (showing: Showing, state: JobState): Promise<'ended-a-stage' | 'went-on'> => {
  showWord(showing, state);
  showRun(showing, state);
  const before = showing.stages;
  await showSealed(showing, state);
  showOpen(showing, state);
  if (state.word === 'published' || state.word === 'partial') showOutput(showing, state);
  return showing.stages > before ? 'ended-a-stage' : 'went-on';
};

/** Words that a line of their own tells; the others show by their stages. */
const SENTENCES: Partial<Readonly<Record<JobState['word'], string>>> = {
  waiting: 'waits for a slot',
  cancelling: 'is being cancelled',
  publishing: 'is being published',
};

const showWord = (showing: Showing, { job, word }: JobState): void => {
  const sentence = SENTENCES[word];
  if (word !== showing.word && sentence !== undefined) showing.view.note(`job ${job.job} ${sentence}`);
  showing.word = word;
};

const showRun = (showing: Showing, { plan }: JobState): void => {
  if (plan === undefined || plan.run === showing.run) return;
  if (showing.run !== undefined) showing.view.note(`run ${plan.run} goes on where run ${showing.run} ended`);
  showing.run = plan.run;
  showing.stages = 0;
  showing.since = plan.openedAt;
};

const showSealed = async (showing: Showing, { plan, stages }: JobState): Promise<void> => {
  if (plan === undefined) return;
  for (const { stage, isSealed } of stages.slice(showing.stages)) {
    if (!isSealed) return;
    const sealed = await readSealed(showing.world.store, { job: plan.job, run: plan.run, stage });
    if (sealed === undefined) return;
    // What an earlier run sealed took no time of this one.
    const seconds = secondsBetween(showing.since, sealed.sealedAt);
    showing.view.finish(stage, renderSealed(sealed, seconds));
    showing.stages += 1;
    if (seconds > 0) showing.since = sealed.sealedAt;
  }
};

const showOpen = (showing: Showing, { word, stages }: JobState): void => {
  const open = stages[showing.stages];
  if (word !== 'running' || open === undefined) return;
  const { stage, tasks, committed } = open;
  const elapsedSeconds = secondsBetween(showing.since, showing.now().toISOString());
  // How many rows a task has read so far is known to itself alone.
  showing.view.update({
    stage,
    share: tasks === 0 ? undefined : Math.min(1, committed / tasks),
    rows: 0,
    elapsedSeconds,
  });
};

const showOutput = ({ view }: Showing, { report }: JobState): void => {
  if (report === undefined) return;
  const { rows, output } = report;
  view.finish('publish', renderPublished({ rows: rows.written, parts: output.parts, uri: output.uri }));
};

const secondsBetween = (from: string | undefined, to: string): number =>
  from === undefined ? 0 : Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
