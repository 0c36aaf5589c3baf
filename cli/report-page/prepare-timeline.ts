import type { RunTrace } from './read-tasks.ts';
import type { Bar, RunnerSpan, TaskFacts, Timeline } from './report-page.ts';

/** The lane of what happens between the tasks. */
const RUNNER_LANE = 'runner';

/**
 * Lays the tasks out in lanes: one for each worker, in the order of names as people count; tasks that name no
 * worker get the first lane that is free, so that no two bars of a lane overlap. `originMs` is the instant 0.
 */
export const prepareTimeline = (
  trace: RunTrace,
  tasks: readonly TaskFacts[],
  { originAt, finishedAt }: { readonly originAt: string; readonly finishedAt: string },
): Timeline => {
  const spans = runnerSpans(trace, tasks, { originAt, finishedAt });
  const { lanes, laneOf } = assignLanes(tasks);
  const bars = tasks.map(({ startMs, endMs }, task): Bar => [1 + (laneOf[task] ?? 0), startMs, endMs, task]);
  const endMs = Math.max(
    Date.parse(finishedAt) - Date.parse(originAt),
    ...spans.map((span) => span.endMs),
    tasks.reduce((end, task) => Math.max(end, task.endMs), 0),
  );
  return { originAt, endMs, lanes: [RUNNER_LANE, ...lanes], spans, bars };
};

const assignLanes = (
  tasks: readonly TaskFacts[],
): { readonly lanes: readonly string[]; readonly laneOf: readonly number[] } => {
  const named = [...new Set(tasks.flatMap(({ worker }) => (worker === undefined ? [] : [worker])))].sort(
    (left, right) => left.localeCompare(right, 'en', { numeric: true }),
  );
  const indexOf = new Map(named.map((worker, lane) => [worker, lane]));
  const freeAt: number[] = [];
  const laneOf = tasks.map(({ worker, startMs, endMs }) => {
    const known = worker === undefined ? undefined : indexOf.get(worker);
    if (known !== undefined) return known;
    const found = freeAt.findIndex((free) => free <= startMs);
    const lane = found === -1 ? freeAt.length : found;
    freeAt[lane] = endMs;
    return named.length + lane;
  });
  return { lanes: [...named, ...freeAt.map((_, lane) => `lane ${lane + 1}`)], laneOf };
};

/** Planning, each seal, the publishing: what lies between two things that a clock has seen. */
const runnerSpans = (
  trace: RunTrace,
  tasks: readonly TaskFacts[],
  { originAt, finishedAt }: { readonly originAt: string; readonly finishedAt: string },
): readonly RunnerSpan[] => {
  const since = (at: string): number => Date.parse(at) - Date.parse(originAt);
  const spans: RunnerSpan[] = [{ label: 'plan', startMs: 0, endMs: since(trace.opened.at) }];
  for (const [stage, { stage: name }] of trace.opened.stages.entries()) {
    const seal = trace.sealed.find((event) => event.stage === name && event.run === event.blockRun);
    if (seal === undefined) continue;
    const last = tasks.reduce((end, task) => (task.stage === stage ? Math.max(end, task.endMs) : end), 0);
    spans.push({ label: `seal ${name}`, startMs: last, endMs: since(seal.at) });
  }
  const isPublished = trace.ended?.outcome === 'published' || trace.ended?.outcome === 'partial';
  const lastSeal = trace.sealed.at(-1);
  if (isPublished && lastSeal !== undefined) {
    spans.push({ label: 'publish', startMs: since(lastSeal.at), endMs: since(finishedAt) });
  }
  return spans.filter(({ startMs, endMs }) => startMs >= 0 && endMs >= startMs);
};
