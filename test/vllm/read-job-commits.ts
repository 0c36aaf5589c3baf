import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Commit } from '../../functions/contract/commit.ts';
import type { StageIds } from '../../functions/contract/ids.ts';
import { KEYS } from '../../functions/contract/keys.ts';

/** The commits of a stage so far, of a job in `folder`, in task order. */
export const readJobCommits = (folder: string, stage: StageIds): readonly Commit[] => {
  const commits = path.join(folder, '.daybreak', KEYS.commit.prefix(stage));
  const names = existsSync(commits) ? readdirSync(commits).filter((name) => name.endsWith('.json')) : [];
  return names.sort().map((name) => Commit.parse(JSON.parse(readFileSync(path.join(commits, name), 'utf8'))));
};
