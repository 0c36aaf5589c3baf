import type { Commit } from '../../contract/commit.ts';
import type { CommitSummary } from './worker-messages.ts';

/** What a worker tells its runner of the commit that counts. */
export const summarizeCommit = (commit: Commit | undefined): CommitSummary | undefined =>
  commit === undefined
    ? undefined
    : {
        task: commit.task,
        attempt: commit.attempt,
        rows: commit.rows,
        rejected: commit.counts.rejected,
        sizeBytes: commit.block.sizeBytes,
      };
