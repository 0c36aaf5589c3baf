import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Amendment } from '../../functions/contract/amendment.ts';
import { Commit } from '../../functions/contract/commit.ts';
import { StateError } from '../../functions/contract/errors-store.ts';
import { compareIds, renderReplacementTaskId, renderTaskId } from '../../functions/contract/ids.ts';
import { amendTasks, reconcileCommits } from '../../functions/core/reconcile-commits.ts';
import { readStoreCases } from '../conformance/store-case.ts';

const { base } = readStoreCases();
const commitOf = (task: string): Commit => ({ ...Commit.parse(base.commit), task });
const amendmentOf = (voided: readonly string[], tasks: readonly string[]): Amendment => ({
  ...Amendment.parse(base.amendment),
  void: [...voided],
  tasks: tasks.map((task) => ({ task })),
});

/** A stage with up to 8 amendments, each replacing some task that is live by then. */
const amended = fc
  .record({
    count: fc.integer({ min: 1, max: 12 }),
    picks: fc.array(fc.record({ at: fc.nat(), into: fc.integer({ min: 1, max: 3 }) }), { maxLength: 8 }),
  })
  .map(({ count, picks }) => {
    const first = Array.from({ length: count }, (_, index) => renderTaskId(index));
    const live = [...first];
    const amendments = picks.map(({ at, into }) => {
      const old = live.splice(at % live.length, 1)[0] ?? '';
      const tasks = Array.from({ length: into }, (_, index) => renderReplacementTaskId(old, index));
      live.push(...tasks);
      return amendmentOf([old], tasks);
    });
    return { first, amendments, live: live.sort(compareIds) };
  });

it('finds each live task done or missing, in order, and never a void one', () => {
  fc.assert(
    fc.property(amended, fc.func(fc.boolean()), ({ first, amendments, live }, hasCommit) => {
      const everyTask = [...first, ...amendments.flatMap(({ tasks }) => tasks.map(({ task }) => task))];
      const commits = everyTask.filter((task) => hasCommit(task)).map(commitOf);
      const result = reconcileCommits({ where: 'x', tasks: first, amendments, commits });
      expect(result.live).toEqual(live);
      expect([...result.done.map(({ task }) => task), ...result.missing].sort(compareIds)).toEqual(live);
      expect(result.done.map(({ task }) => task)).toEqual(live.filter((task) => hasCommit(task)));
      expect([...result.voided].filter((task) => live.includes(task))).toEqual([]);
    }),
  );
});

it('keeps the place of a replaced task among its neighbours', () => {
  fc.assert(
    fc.property(amended, ({ first, amendments }) => {
      const roots = amendTasks('x', first, amendments).live.map((task) => task.slice(0, 6));
      expect([...new Set(roots)]).toEqual(first);
      expect(roots).toEqual([...roots].sort(compareIds));
    }),
  );
});

it.each([
  ['a task that is not of the stage is voided', ['000009'], ['000009.000']],
  ['a task is voided twice', ['000000', '000000'], ['000000.000']],
  ['a replacement replaces another task', ['000000'], ['000001.000']],
  ['a replacement is a task of the first list', ['000000'], ['000000']],
  ['a replacement stands twice', ['000000'], ['000000.000', '000000.000']],
])('fails with StateError where %s', (_, voided, tasks) => {
  expect(() => amendTasks('x', ['000000', '000001'], [amendmentOf(voided, tasks)])).toThrow(StateError);
});

it('fails with StateError where a task stands twice in the first list', () => {
  expect(() => amendTasks('x', ['000000', '000000'], [])).toThrow('stands twice');
});

it('fails with StateError at a stray commit and at a mix of formats, but not in a void task', () => {
  const tasks = ['000000', '000001'];
  const other = { ...commitOf('000001'), formats: { ...commitOf('000001').formats, engine: 'other' } };
  const stage = { where: 'x', tasks, amendments: [], commits: [commitOf('000000'), other] };
  expect(() => reconcileCommits(stage)).toThrow(
    'tasks 000000 and 000001 were written with different formats',
  );
  expect(() => reconcileCommits({ ...stage, commits: [commitOf('000002')] })).toThrow(StateError);
  const amendments = [amendmentOf(['000001'], ['000001.000'])];
  expect(reconcileCommits({ ...stage, amendments }).missing).toEqual(['000001.000']);
});
