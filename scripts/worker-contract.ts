/** What the worker of gpu-image/ knows of the contract: schemas, keys, tables. Python reads this and nothing else. */
import * as z from 'zod';
import { Amendment, MAX_AMENDMENTS } from '../functions/contract/amendment.ts';
import { Commit } from '../functions/contract/commit.ts';
import { FAILURES } from '../functions/contract/failures.ts';
import { ID_PATTERNS } from '../functions/contract/ids.ts';
import { BLOCK_TEMPLATE, KEYS, SHARD_COUNT } from '../functions/contract/keys.ts';
import { MODULE_REJECT_COLUMNS } from '../functions/contract/module-step.ts';
import { Halt } from '../functions/contract/outcome.ts';
import { Plan } from '../functions/contract/plan.ts';
import {
  INFER_ANSWER_COLUMN,
  INFER_INFO_COLUMNS,
  INFER_LIMITS,
  INFER_REJECT_CAUSES,
  INFER_REQUEST_COLUMNS,
  InferRequest,
  ROW_REJECT_CAUSES,
} from '../functions/contract/planned-infer.ts';
import { Running } from '../functions/contract/running.ts';
import { Sealed } from '../functions/contract/sealed.ts';
import { Task } from '../functions/contract/task.ts';
import { WorkerEvent } from '../functions/contract/worker-events.ts';
import { WORKER_EXITS } from '../functions/contract/worker-exits.ts';

const schemasOf = (schemas: Readonly<Record<string, z.ZodType>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema)]));

/** One JSON document; docs/workers.md has it in words. */
export const renderWorkerContract = (): string => {
  const contract = {
    schemas: schemasOf({
      Plan,
      Sealed,
      Task,
      Amendment,
      Commit,
      Halt,
      Running,
      InferRequest,
      WorkerEvent,
    }),
    ids: ID_PATTERNS,
    keys: Object.fromEntries(Object.entries(KEYS).map(([name, { template }]) => [name, template])),
    block: { template: BLOCK_TEMPLATE, shards: SHARD_COUNT },
    maxAmendments: MAX_AMENDMENTS,
    failures: Object.fromEntries(Object.entries(FAILURES).map(([name, { retry }]) => [name, retry])),
    exits: WORKER_EXITS,
    infer: {
      limits: INFER_LIMITS,
      requestColumns: INFER_REQUEST_COLUMNS,
      answerColumn: INFER_ANSWER_COLUMN,
      infoColumns: INFER_INFO_COLUMNS,
      rejectCauses: INFER_REJECT_CAUSES,
      rowRejectCauses: ROW_REJECT_CAUSES,
      rejectColumns: MODULE_REJECT_COLUMNS,
    },
  };
  return `${JSON.stringify(contract, null, 2)}\n`;
};
