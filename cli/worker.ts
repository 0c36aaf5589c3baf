/** The entry of a worker process of the local runner. */
import { runTask } from '../functions/stages/run-task.ts';
import { startWorker } from '../functions/stages/workers/start-worker.ts';
import { summarizeCommit } from '../functions/stages/workers/summarize-commit.ts';

startWorker(async (context, ids, place) => summarizeCommit(await runTask(context, ids, place)));
