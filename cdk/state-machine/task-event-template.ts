import { TaskEvent, TaskLine } from '../../functions/contract/execution.ts';
import type { PayloadTemplate } from './asl.ts';

/** Makes a TaskEvent of the state and of a TaskLine, which lies under the path `line`. */
export const taskEventTemplate = (line: string): PayloadTemplate =>
  Object.fromEntries(
    Object.keys(TaskEvent.shape).map((field) => [
      `${field}.$`,
      field in TaskLine.shape ? `${line}.${field}` : `$.${field}`,
    ]),
  );
