/** The entry of a worker process of the local runner. */
import { runTask } from '../functions/stages/run-task.ts';
import { startWorker } from '../functions/stages/workers/start-worker.ts';
import { summarizeCommit } from '../functions/stages/workers/summarize-commit.ts';
import { openLocalS3 } from './local-s3.ts';

const s3 = openLocalS3();
startWorker(async (context, ids, place) => summarizeCommit(await runTask({ ...context, s3 }, ids, place)));
