import validate from 'asl-validator';
import { describe, expect, it } from 'vitest';
import type { DistributedMap, Flow, Parallel, State, Task } from '../../../cdk/state-machine/asl.ts';
import { renderDefinition } from '../../../cdk/state-machine/render-definition.ts';
import {
  DispatchEvent,
  type ExecutionState,
  NEXT_STATES,
  SplitEvent,
  TaskEvent,
  TaskLine,
} from '../../../functions/contract/execution.ts';
import { FAILURES, type FailureName } from '../../../functions/contract/failures.ts';
import { renderStageId } from '../../../functions/contract/ids.ts';
import { KEYS } from '../../../functions/contract/keys.ts';
import { MACHINE_FAILURES } from '../../../functions/contract/machine-failures.ts';
import { MACHINE_PARTS } from './machine-parts.ts';

const definition = renderDefinition(MACHINE_PARTS);

/** Every state by its name, those of children and branches too. */
const allStates = (flow: Flow): readonly (readonly [string, State])[] =>
  Object.entries(flow.States).flatMap(([name, state]) => [
    [name, state] as const,
    ...(state.Type === 'Map' ? allStates(state.ItemProcessor) : []),
    ...(state.Type === 'Parallel' ? state.Branches.flatMap(allStates) : []),
  ]);
const states = allStates(definition);
const stateOf = (name: string): State => {
  const found = states.find(([each]) => each === name)?.[1];
  if (found === undefined) throw new Error(`there is no state ${name}`);
  return found;
};
const tasks = states.flatMap(([name, state]) => (state.Type === 'Task' ? [[name, state] as const] : []));
const taskOf = (name: string): Task => stateOf(name) as Task;

const PASSES = ['Map', 'Reduce', 'Modules'] as const;
const FLOWS = PASSES.flatMap((name) => [name, `${name}One`]);

describe('the states', () => {
  it('are these, in the order of the flow', () => {
    expect(Object.keys(definition.States)).toEqual([
      'Split',
      'NextStage',
      'Map',
      'MapOne',
      'Reduce',
      'ReduceOne',
      'Modules',
      'ModulesOne',
      'Seal',
      'Publish',
      'End',
      'Dispatch',
      'Outcome',
      'Succeeded',
      'Failed',
      'NextUnknown',
    ]);
    expect(definition.StartAt).toBe('Split');
  });

  it('have names that are unique in the whole state machine', () => {
    const names = states.map(([name]) => name);
    expect(names).toHaveLength(new Set(names).size);
    expect(names).toHaveLength(16 + 6 * 4);
  });

  it('are a state machine to asl-validator', () => {
    // It writes into what it judges.
    const { isValid, errors } = validate(structuredClone(definition));
    expect(errors).toEqual([]);
    expect(isValid).toBe(true);
  });

  it('fail to be one to asl-validator where a transition leads nowhere', () => {
    const wrong = structuredClone(definition) as unknown as { States: { Seal: { Next: string } } };
    wrong.States.Seal.Next = 'Nowhere';
    expect(validate(wrong).isValid).toBe(false);
  });

  it('fit far below the megabyte of a definition', () => {
    expect(JSON.stringify(definition).length).toBeLessThan(64_000);
  });
});

describe('the loop', () => {
  it('goes to a state for each next, and to a failure for anything else', () => {
    expect(definition.States.NextStage).toMatchObject({
      Choices: NEXT_STATES.map((next) => ({ Variable: '$.next', StringEquals: next })),
      Default: 'NextUnknown',
    });
    const { Choices } = definition.States.NextStage as { Choices: readonly { Next: string }[] };
    expect(Choices.map(({ Next }) => Next)).toEqual([
      'Map',
      'MapOne',
      'Reduce',
      'ReduceOne',
      'Modules',
      'ModulesOne',
      'Publish',
      'Split',
      'Dispatch',
    ]);
  });

  it.each(['Split', 'Seal', 'Publish', 'End'])(
    'goes on at NextStage after %s, with what it returned',
    (name) => {
      expect(stateOf(name)).toMatchObject({ Next: 'NextStage', OutputPath: '$.Payload' });
    },
  );

  it.each(['Split', 'Seal', 'Publish'])(
    'goes to End where %s fails, with the error beside the state',
    (name) => {
      expect(taskOf(name).Catch).toEqual([
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'End' },
      ]);
    },
  );

  it('lets the execution fail where End fails: a rule runs dispatch then', () => {
    expect(taskOf('End').Catch).toBeUndefined();
  });

  it.each(FLOWS)('goes to Seal after %s, whether it succeeds or not, with the state as it was', (name) => {
    expect(stateOf(name)).toMatchObject({
      Next: 'Seal',
      ResultPath: null,
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Seal' }],
    });
  });

  it('ends through Dispatch, which cannot change how the job ended', () => {
    expect(stateOf('Dispatch')).toMatchObject({
      ResultPath: null,
      Next: 'Outcome',
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Outcome' }],
    });
  });

  it("fails with the job's own error, and succeeds where there is none", () => {
    expect(stateOf('Outcome')).toEqual({
      Type: 'Choice',
      Choices: [{ Variable: '$.failure.name', StringEquals: '', Next: 'Succeeded' }],
      Default: 'Failed',
    });
    expect(stateOf('Failed')).toEqual({
      Type: 'Fail',
      ErrorPath: '$.failure.name',
      CausePath: '$.failure.message',
    });
  });

  it('tells dispatch which execution has ended', () => {
    expect(taskOf('Dispatch').Parameters.Payload).toEqual({ 'execution.$': '$$.Execution.Name' });
    expect(Object.keys(DispatchEvent.shape)).toEqual(['execution']);
  });

  it('gives split its event, also from the state of an earlier run', () => {
    expect(taskOf('Split').Parameters).toEqual({
      FunctionName: MACHINE_PARTS.versionArns.split,
      Payload: Object.fromEntries(Object.keys(SplitEvent.shape).map((field) => [`${field}.$`, `$.${field}`])),
    });
  });
});

/** The flow of a task: of a Map's child, or of the branch behind `-one`. */
const flowOf = (name: string): Flow => {
  const state = stateOf(name) as DistributedMap | Parallel;
  return state.Type === 'Map' ? state.ItemProcessor : state.Branches[0];
};

describe.each(FLOWS)('a task of %s', (name) => {
  const functionName = name.replace('One', '').toLowerCase() as 'map';

  it('runs on its function, then on the large one, then leaves a note and fails', () => {
    expect(flowOf(name).StartAt).toBe(`${name}Task`);
    expect(Object.keys(flowOf(name).States)).toEqual([
      `${name}Task`,
      `${name}TaskLarge`,
      `${name}TaskNote`,
      `${name}TaskFailed`,
    ]);
    expect(taskOf(`${name}Task`).Parameters.FunctionName).toBe(MACHINE_PARTS.versionArns[functionName]);
    expect(taskOf(`${name}TaskLarge`).Parameters.FunctionName).toBe(
      MACHINE_PARTS.versionArns[`${functionName}-large`],
    );
    expect(taskOf(`${name}Task`).Catch?.map(({ Next }) => Next)).toEqual([
      `${name}TaskLarge`,
      `${name}TaskNote`,
    ]);
    expect(taskOf(`${name}TaskLarge`).Catch).toEqual([
      { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: `${name}TaskNote` },
    ]);
  });

  it('goes to the large function with the same event', () => {
    expect(taskOf(`${name}Task`).Catch?.[0]).toMatchObject({ ResultPath: null });
    expect(taskOf(`${name}TaskLarge`).Parameters).toMatchObject({ 'Payload.$': '$' });
  });

  it('outgrows its function by the failures of the table and by what Lambda stops', () => {
    const isMore = (name: FailureName): boolean => FAILURES[name].retry === 'again-with-more-memory';
    expect(taskOf(`${name}Task`).Catch?.[0]?.ErrorEquals).toEqual([
      ...(Object.keys(FAILURES) as FailureName[]).filter(isMore),
      ...Object.entries(MACHINE_FAILURES).flatMap(([error, failure]) => (isMore(failure) ? [error] : [])),
    ]);
    expect(taskOf(`${name}Task`).Catch?.[0]?.ErrorEquals).toEqual(
      expect.arrayContaining(['TaskMemoryError', 'Sandbox.Timedout', 'States.Timeout', 'Runtime.ExitError']),
    );
  });

  it('returns nothing: the outputs of all children count against 256 KiB', () => {
    expect(taskOf(`${name}Task`)).toMatchObject({ OutputPath: null, End: true });
    expect(taskOf(`${name}TaskLarge`)).toMatchObject({ OutputPath: null, End: true });
  });

  it('leaves its note under KEYS.failure', () => {
    const { Resource, Parameters } = taskOf(`${name}TaskNote`);
    expect(Resource).toBe('arn:aws:states:::aws-sdk:s3:putObject');
    expect(Parameters).toMatchObject({ Bucket: 'daybreak-blocks', 'Body.$': '$.error' });
    const ids = { job: 'a-job', run: '0001', stage: '00-map', task: '000007' };
    const key = evaluateFormat(String(Parameters['Key.$']), ids);
    expect(KEYS.failure.parse(key)).toMatchObject(ids);
  });

  it('fails with its error where the note cannot be left either', () => {
    expect(taskOf(`${name}TaskNote`)).toMatchObject({
      ResultPath: null,
      Next: `${name}TaskFailed`,
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: `${name}TaskFailed` }],
    });
    expect(stateOf(`${name}TaskFailed`)).toMatchObject({ Type: 'Fail', ErrorPath: '$.error.Error' });
  });
});

/** What States.Format and States.UUID do. */
const evaluateFormat = (expression: string, input: Readonly<Record<string, string>>): string => {
  const [, template = '', list = ''] = /^States\.Format\('([^']*)', (.*)\)$/.exec(expression) ?? [];
  const values = list
    .split(', ')
    .map((each) =>
      each === 'States.UUID()' ? crypto.randomUUID() : (input[each.slice('$.'.length)] ?? '?'),
    );
  return template.replaceAll('{}', () => values.shift() ?? '?');
};

describe.each(PASSES)('the Map %s', (name) => {
  const map = stateOf(name) as DistributedMap;

  it('is distributed, with STANDARD children: a task may take 15 minutes, and EXPRESS ones end after 5', () => {
    expect(map.ItemProcessor.ProcessorConfig).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
    expect(map.Label).toBe(name);
  });

  it('reads its items from the object that the state names, in the blocks bucket', () => {
    expect(map.ItemReader).toEqual({
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSONL' },
      Parameters: { Bucket: 'daybreak-blocks', 'Key.$': '$.itemsKey' },
    });
  });

  it('takes concurrency and tolerance from the state', () => {
    expect(map).toMatchObject({
      MaxConcurrencyPath: '$.concurrency',
      ToleratedFailureCountPath: '$.tolerated',
    });
  });

  it('has no Retry, which would run all items again', () => {
    expect(map).not.toHaveProperty('Retry');
  });

  it('has no field of the traps: no result writer, no batches, no items in the payload', () => {
    for (const field of [
      'ResultWriter',
      'ItemBatcher',
      'ItemsPath',
      'Iterator',
      'ResultSelector',
      'OutputPath',
    ])
      expect(map).not.toHaveProperty(field);
  });

  it('makes a TaskEvent of the state and a line', () => {
    const { ItemSelector } = map;
    expect(Object.keys(ItemSelector)).toEqual(Object.keys(TaskEvent.shape).map((field) => `${field}.$`));
    for (const field of Object.keys(TaskLine.shape))
      expect(ItemSelector[`${field}.$`]).toBe(`$$.Map.Item.Value.${field}`);
    expect(ItemSelector['tasksKey.$']).toBe('$.tasksKey');
  });

  it('has a twin that makes the same event of the only task, and needs no Map Run', () => {
    const twin = stateOf(`${name}One`) as Parallel;
    expect(twin.Type).toBe('Parallel');
    expect(twin.Parameters).toEqual(
      Object.fromEntries(
        Object.entries(map.ItemSelector).map(([field, path]) => [
          field,
          String(path).replace('$$.Map.Item.Value', '$.one'),
        ]),
      ),
    );
    const renamed = JSON.stringify(twin.Branches[0]).replaceAll(`${name}One`, name);
    const { ProcessorConfig: _, ...flow } = map.ItemProcessor;
    expect(JSON.parse(renamed)).toEqual(flow);
  });
});

describe('every wait has a bound', () => {
  it.each(tasks)('%s', (_, task) => {
    expect(task.TimeoutSeconds).toBeGreaterThan(0);
    expect(task.TimeoutSeconds).toBeLessThanOrEqual(960);
    for (const retrier of task.Retry) {
      expect(retrier).toMatchObject({ JitterStrategy: 'FULL' });
      expect(retrier.MaxDelaySeconds).toBeLessThanOrEqual(120);
      expect(retrier.MaxAttempts).toBeLessThanOrEqual(30);
    }
  });

  it('the execution, in seconds: a Map has no timeout of its own in the language', () => {
    expect(definition.TimeoutSeconds).toBe(259_200);
  });
});

describe('the payload', () => {
  it('of the largest state leaves more than 6 KiB for the message of a failure', () => {
    const job = 'j'.repeat(63);
    const ids = { job, run: '9999', stage: renderStageId({ index: 99, kind: 'reduce' }) };
    const task = `000001${'.001'.repeat(8)}`;
    const largest: ExecutionState = {
      ...ids,
      go: Number.MAX_SAFE_INTEGER,
      reopened: Number.MAX_SAFE_INTEGER,
      next: 'modules-one',
      tasksKey: KEYS.tasks.render({ ...ids, attempt: 'f'.repeat(24) }),
      itemsKey: KEYS.items.render({ ...ids, attempt: 'f'.repeat(24) }),
      one: { task, offset: Number.MAX_SAFE_INTEGER, length: Number.MAX_SAFE_INTEGER },
      concurrency: 10_000,
      tolerated: Number.MAX_SAFE_INTEGER,
      pass: { committed: Number.MAX_SAFE_INTEGER, empty: Number.MAX_SAFE_INTEGER },
      outcome: 'superseded',
      failure: { name: 'GlobalAggregateError', message: '' },
    };
    expect(JSON.stringify(largest).length).toBeLessThan(2048);
  });
});
