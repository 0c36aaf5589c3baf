import type { LargeFunctionName, TaskFunctionName } from '../../functions/contract/environment.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import type { Flow, Task } from './asl.ts';
import { callFunction } from './call-function.ts';
import type { MachineParts } from './machine-parts.ts';
import { NOTE_RETRIES, OUTGROWN, TASK_RETRIES } from './retries.ts';

/** A PutObject of a few hundred bytes. */
const NOTE_TIMEOUT_SECONDS = 60;
const TO_SEAL_ONLY = 'Seal counts commits and reads the notes; the result of a child is nothing to anyone.';

/**
 * What becomes of one task, be it a child of a Map or the only task of a pass: its function, where it outgrows that
 * the large one, and where that fails too a note of the error, for the function may have died before it could leave
 * one. Its input is a TaskEvent, its output `{}`: without a ResultWriter the outputs of all children count together
 * against 256 KiB.
 */
export const taskFlow = (parts: MachineParts, name: string, functionName: TaskFunctionName): Flow => {
  const [task, large, note, failed] = [
    `${name}Task`,
    `${name}TaskLarge`,
    `${name}TaskNote`,
    `${name}TaskFailed`,
  ];
  const leaveNote = { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: note } as const;
  return {
    StartAt: task,
    States: {
      [task]: {
        Comment: TO_SEAL_ONLY,
        ...callFunction(parts, functionName, '$'),
        OutputPath: null,
        Retry: TASK_RETRIES,
        Catch: [{ ErrorEquals: OUTGROWN, ResultPath: null, Next: large }, leaveNote],
        End: true,
      },
      [large]: {
        ...callFunction(parts, `${functionName}-large` satisfies LargeFunctionName, '$'),
        OutputPath: null,
        Retry: TASK_RETRIES,
        Catch: [leaveNote],
        End: true,
      },
      [note]: putNote(parts, failed),
      // Some errors, such as States.Timeout, bring no Cause that a path could read.
      [failed]: { Type: 'Fail', ErrorPath: '$.error.Error', Cause: `see ${KEYS.failure.template}` },
    },
  };
};

const putNote = (parts: MachineParts, failed: string): Task => ({
  Type: 'Task',
  Resource: `arn:${parts.partition}:states:::aws-sdk:s3:putObject`,
  Parameters: {
    Bucket: parts.blocksBucketName,
    'Key.$': renderNoteKey(),
    'Body.$': '$.error',
    ContentType: 'application/json',
  },
  ResultPath: null,
  TimeoutSeconds: NOTE_TIMEOUT_SECONDS,
  Retry: NOTE_RETRIES,
  Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: failed }],
  Next: failed,
});

/** KEYS.failure as an intrinsic function over a TaskEvent; the note's own id is drawn as it is written. */
const renderNoteKey = (): string => {
  const fields = [...KEYS.failure.template.matchAll(/\{(\w+)\}/g)].map(([, field]) =>
    field === 'note' ? 'States.UUID()' : `$.${field}`,
  );
  return `States.Format('${KEYS.failure.template.replaceAll(/\{\w+\}/g, '{}')}', ${fields.join(', ')})`;
};
