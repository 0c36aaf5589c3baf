/** The list of a stage is its first tasks and all amendments in order; a void task's commit is ignored. */
import type { Amendment } from '../contract/amendment.ts';
import type { Commit } from '../contract/commit.ts';
import { StateError } from '../contract/errors-store.ts';
import { isSameFormats } from '../contract/format-versions.ts';
import { compareIds, parentTaskId } from '../contract/ids.ts';

export type TaskList = {
  /** Tasks that count, in task order. */
  readonly live: readonly string[];
  readonly voided: ReadonlySet<string>;
};

/** The tasks of a stage after its amendments. Fails with StateError where an amendment contradicts the list. */
export const amendTasks = (
  where: string,
  first: readonly string[],
  amendments: readonly Amendment[],
): TaskList => {
  const live = new Set(first);
  const voided = new Set<string>();
  if (live.size !== first.length)
    throw new StateError({ key: where, problem: 'a task stands twice in the list' });
  amendments.forEach((amendment, k) => {
    const refuse = (problem: string): never => {
      throw new StateError({ key: `${where}, amendment ${k}`, problem });
    };
    for (const task of amendment.void) {
      if (!live.delete(task)) refuse(`it voids ${task}, which is not a task of the stage`);
      voided.add(task);
    }
    for (const { task } of amendment.tasks) {
      const parent = parentTaskId(task);
      if (parent === undefined || !amendment.void.includes(parent)) {
        refuse(`${task} does not replace a task that this amendment voids`);
      }
      if (live.has(task) || voided.has(task)) refuse(`${task} stands twice`);
      live.add(task);
    }
  });
  return { live: [...live].sort(compareIds), voided };
};

export type Reconciled = TaskList & {
  /** The commits that count, in task order: the order in which their blocks are concatenated. */
  readonly done: readonly Commit[];
  /** Live tasks without a commit, in task order. */
  readonly missing: readonly string[];
};

/**
 * Which tasks of a stage are done, missing or void. Fails with StateError where a commit is of no task of the
 * stage, or where formats mix: rows that met under one partition function do not meet under another.
 */
export const reconcileCommits = (stage: {
  readonly where: string;
  readonly tasks: readonly string[];
  readonly amendments: readonly Amendment[];
  readonly commits: readonly Commit[];
}): Reconciled => {
  const list = amendTasks(stage.where, stage.tasks, stage.amendments);
  const byTask = new Map(stage.commits.map((commit) => [commit.task, commit]));
  for (const task of list.voided) byTask.delete(task);
  const done: Commit[] = [];
  const missing: string[] = [];
  for (const task of list.live) {
    const commit = byTask.get(task);
    if (commit === undefined) missing.push(task);
    else done.push(commit);
    byTask.delete(task);
  }
  const [stray] = byTask.keys();
  if (stray !== undefined) {
    throw new StateError({ key: stage.where, problem: `${stray} has a commit but is no task of the stage` });
  }
  const [one] = done;
  const other = done.find((commit) => one !== undefined && !isSameFormats(commit.formats, one.formats));
  if (one !== undefined && other !== undefined) {
    throw new StateError({
      key: stage.where,
      problem: `tasks ${one.task} and ${other.task} were written with different formats: ${JSON.stringify(one.formats)} and ${JSON.stringify(other.formats)}`,
    });
  }
  return { ...list, done, missing };
};
