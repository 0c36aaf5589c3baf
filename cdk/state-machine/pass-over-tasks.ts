/**
 * A pass over the missing tasks of a stage. Whether its tasks succeed or not, seal comes next and counts commits: so
 * neither form has a Retry (on a Map it would run all items again), and what is caught is dropped.
 */
import type { TaskFunctionName } from '../../functions/contract/environment.ts';
import type { Catcher, DistributedMap, Parallel } from './asl.ts';
import type { MachineParts } from './machine-parts.ts';
import { taskEventTemplate } from './task-event-template.ts';
import { taskFlow } from './task-flow.ts';

const TO_SEAL: Catcher = { ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Seal' };

/**
 * All missing tasks, a child each. The children are STANDARD: EXPRESS ones may last 5 minutes where a task may last
 * 15, and begin a task more than once by themselves. 100 children a second start. Each is billed as two
 * transitions, its start and the one state of its task, and each retry as one more. The outputs of all children count
 * together against 256 KiB: `{}` of 80,000 fits, and a stage has 10,000 tasks.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-transitions.html on the Distributed Map
 */
export const mapOverTasks = (
  parts: MachineParts,
  name: string,
  functionName: TaskFunctionName,
): DistributedMap => ({
  Type: 'Map',
  Label: name,
  ItemReader: {
    Resource: `arn:${parts.partition}:states:::s3:getObject`,
    ReaderConfig: { InputType: 'JSONL' },
    Parameters: { Bucket: parts.blocksBucketName, 'Key.$': '$.itemsKey' },
  },
  ItemSelector: taskEventTemplate('$$.Map.Item.Value'),
  MaxConcurrencyPath: '$.concurrency',
  ToleratedFailureCountPath: '$.tolerated',
  ItemProcessor: {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    ...taskFlow(parts, name, functionName),
  },
  ResultPath: null,
  Catch: [TO_SEAL],
  Next: 'Seal',
});

/** The only missing task, without a Map Run: the same flow as a child, as the one branch of a Parallel. */
export const oneTask = (parts: MachineParts, name: string, functionName: TaskFunctionName): Parallel => ({
  Type: 'Parallel',
  Parameters: taskEventTemplate('$.one'),
  Branches: [taskFlow(parts, name, functionName)],
  ResultPath: null,
  Catch: [TO_SEAL],
  Next: 'Seal',
});
