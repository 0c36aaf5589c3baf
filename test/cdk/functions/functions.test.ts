import { describe, expect, it } from 'vitest';
import { AllowedUris } from '../../../functions/contract/allowed-uris.ts';
import { ENVIRONMENT } from '../../../functions/contract/environment.ts';
import { propertiesOf, renderValue, resourcesOf, synthStack } from '../synth-stack.ts';

const synthesized = synthStack();
const functions = resourcesOf(synthesized, 'AWS::Lambda::Function');
const functionOf = (name: string) => propertiesOf(functions, `Functions${name}Function`);
const variablesOf = (name: string): Readonly<Record<string, string>> => {
  const { Variables = {} } = (functionOf(name).Environment ?? {}) as {
    Variables?: Record<string, unknown>;
  };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, renderValue(value)]));
};

/** MB, seconds, MiB of /tmp, reserved concurrency. */
const SIZES = {
  Split: [3008, 900, 4096, undefined],
  Map: [3538, 900, 10_240, undefined],
  MapLarge: [10_240, 900, 10_240, undefined],
  Reduce: [3538, 900, 10_240, undefined],
  ReduceLarge: [10_240, 900, 10_240, undefined],
  Modules: [3538, 900, 10_240, undefined],
  ModulesLarge: [10_240, 900, 10_240, undefined],
  Seal: [3008, 900, 1024, undefined],
  Publish: [3008, 900, 512, undefined],
  End: [3008, 900, 512, undefined],
  Start: [1769, 60, 512, 5],
  Dispatch: [512, 60, 512, 5],
  Api: [1769, 29, 512, 20],
  Authorizer: [512, 9, 512, 20],
  Monitor: [1769, 55, 512, 1],
} as const;
const NAMES = Object.keys(SIZES) as (keyof typeof SIZES)[];

describe('the functions', () => {
  it('are these and no others', () => {
    expect(Object.keys(functions).sort()).toEqual(NAMES.map((name) => `Functions${name}Function`).sort());
  });

  it.each(Object.entries(SIZES))('give %s its memory, time, scratch and reserve', (name, size) => {
    const { MemorySize, Timeout, EphemeralStorage, ReservedConcurrentExecutions } = functionOf(name);
    expect([
      MemorySize,
      Timeout,
      (EphemeralStorage as { Size: number }).Size,
      ReservedConcurrentExecutions,
    ]).toEqual(size);
  });

  it('run on Node 24, on arm64 by default, untraced', () => {
    for (const name of NAMES) {
      expect(functionOf(name)).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(functionOf(name)).not.toHaveProperty('TracingConfig');
    }
  });

  it.each(NAMES)('give %s a log group of its own, which ends with the stack', (name) => {
    expect(functionOf(name).LoggingConfig).toMatchObject({
      LogGroup: { Ref: expect.stringContaining(`Functions${name}Logs`) },
    });
    const logs = resourcesOf(synthesized, 'AWS::Logs::LogGroup')[`Functions${name}Logs`];
    expect(logs).toMatchObject({ Properties: { RetentionInDays: 30 }, DeletionPolicy: 'Delete' });
  });

  it('run the same code in a large function as in the small one', () => {
    for (const name of ['Map', 'Reduce', 'Modules'] as const) {
      expect(functionOf(`${name}Large`).Code).toEqual(functionOf(name).Code);
      expect(variablesOf(`${name}Large`)).toEqual(variablesOf(name));
    }
  });
});

describe('the variables', () => {
  const { blocksBucket, dataBucket, queueUrl, stateMachineArn, apiKeysSecretArn } = ENVIRONMENT;
  const { mostJobs, mostTasks, sliceBytes, keepBlocks, allowedUris } = ENVIRONMENT;
  const MACHINE = [stateMachineArn, mostJobs];
  const EXECUTION = [blocksBucket, mostTasks, sliceBytes, keepBlocks];
  const TOLD: Readonly<Record<keyof typeof SIZES, readonly string[]>> = {
    Split: [dataBucket, ...EXECUTION],
    Map: [blocksBucket, dataBucket],
    MapLarge: [blocksBucket, dataBucket],
    Reduce: [blocksBucket],
    ReduceLarge: [blocksBucket],
    Modules: [blocksBucket, dataBucket],
    ModulesLarge: [blocksBucket, dataBucket],
    Seal: EXECUTION,
    Publish: [dataBucket, ...EXECUTION],
    End: [dataBucket, ...EXECUTION],
    Start: [blocksBucket, dataBucket, allowedUris, ...MACHINE],
    Dispatch: [blocksBucket, ...MACHINE],
    Api: [blocksBucket, dataBucket, queueUrl, allowedUris],
    Authorizer: [apiKeysSecretArn],
    Monitor: [blocksBucket, ...MACHINE],
  };

  it.each(Object.entries(TOLD))('tell %s what it may use, and nothing else', (name, told) => {
    expect(Object.keys(variablesOf(name)).sort()).toEqual([...told].sort());
  });

  it('hold what they say', () => {
    expect(variablesOf('Seal')).toEqual({
      [blocksBucket]: '<BucketsBlocks>',
      [mostTasks]: '500',
      [sliceBytes]: '536870912',
      [keepBlocks]: 'false',
    });
    expect(variablesOf('Dispatch')).toMatchObject({
      [stateMachineArn]: 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:Daybreak',
      [mostJobs]: '4',
    });
    expect(variablesOf('Api')).toMatchObject({ [queueUrl]: '<QueueJobs>' });
    const allowed = AllowedUris.parse(JSON.parse(variablesOf('Api')[allowedUris] ?? ''));
    expect(allowed.api).toEqual({
      inputs: ['s3://<BucketsData>/'],
      outputs: ['s3://<BucketsData>/results/'],
    });
  });
});

describe('versions', () => {
  const versions = resourcesOf(synthesized, 'AWS::Lambda::Version');

  it('are published of what the state machine calls, and stay after a later deploy', () => {
    const called = NAMES.filter((name) => !['Start', 'Api', 'Authorizer', 'Monitor'].includes(name));
    expect(Object.keys(versions).sort()).toEqual(
      called.map((name) => `Functions${name}FunctionCurrentVersion`).sort(),
    );
    for (const version of Object.values(versions))
      expect(version).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  it('are new ones where a setting changed, so that a job in flight keeps its own', () => {
    const idsOf = (stack: typeof synthesized) =>
      Object.keys(stack.resources).filter((id) => id.includes('CurrentVersion'));
    expect(idsOf(synthStack())).toEqual(idsOf(synthesized));
    const changed = idsOf(synthStack({ functions: { taskMegabytes: 4096 } }));
    const kept = changed.filter((id) => idsOf(synthesized).includes(id));
    expect(changed).toHaveLength(11);
    expect(kept).toHaveLength(8);
  });
});

describe('the settings', () => {
  const { resources } = synthStack({
    architecture: 'x86_64',
    tracing: true,
    functions: { reservesConcurrency: false },
  });
  const all = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');

  it('choose the processor, X-Ray and whether concurrency is kept', () => {
    expect(all).toHaveLength(NAMES.length);
    for (const { Properties } of all) {
      expect(Properties).toMatchObject({ Architectures: ['x86_64'], TracingConfig: { Mode: 'Active' } });
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
  });
});
