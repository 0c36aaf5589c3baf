/** The program of a task with functions of users: the function `modules` starts it, without any environment. */
import { runTask } from '../stages/run-task.ts';
import { startWorker } from '../stages/workers/start-worker.ts';
import { summarizeCommit } from '../stages/workers/summarize-commit.ts';

startWorker(async (context, ids, place) => summarizeCommit(await runTask(context, ids, place)));
