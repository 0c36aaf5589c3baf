/** The entry of a worker process of the local runner. */
import { runTask } from '../functions/stages/run-task.ts';
import { startWorker } from './start-worker.ts';
import { summarizeCommit } from './summarize-commit.ts';

startWorker(async (context, ids) => summarizeCommit(await runTask(context, ids)));
