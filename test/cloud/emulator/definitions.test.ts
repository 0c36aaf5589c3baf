/** The emulator refuses the definitions that AWS refuses, and says which of AWS's it does not run. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonPath } from '../../../scripts/setup-python.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate } from '../deploy-template.ts';
import { lambdaTask, stateMachine } from '../run-execution.ts';

let emulator: Emulator;
let client: SFNClient;

beforeAll(async () => {
  emulator = await startEmulator();
  client = new SFNClient({ ...emulator, maxAttempts: 1 });
});
afterAll(() => emulator.stop());

const pass = (fields: object) => ({
  StartAt: 'Only',
  States: { Only: { Type: 'Pass', End: true, ...fields } },
});

/** @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html */
describe('definitions that AWS refuses', () => {
  const create = (definition: unknown) =>
    client.send(
      new CreateStateMachineCommand({
        name: 'refused',
        roleArn: 'arn:aws:iam::000000000000:role/none',
        definition: JSON.stringify(definition),
      }),
    );
  const call = (fields: object) => ({
    StartAt: 'Call',
    States: { Call: lambdaTask('f', { End: true, ...fields }) },
  });
  const map = (fields: object) => ({
    StartAt: 'Each',
    States: {
      Each: {
        Type: 'Map',
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...pass({}) },
        End: true,
        ...fields,
      },
    },
  });
  const cases: readonly (readonly [string, unknown])[] = [
    ['/States/Call/Timeout', call({ Timeout: 3 })],
    ['/States/Call/Retry[0]/Delay', call({ Retry: [{ ErrorEquals: ['A'], Delay: 1 }] })],
    ['States.ALL must appear alone', call({ Catch: [{ ErrorEquals: ['States.ALL', 'A'], Next: 'Call' }] })],
    ["fields ['Function']", call({ Parameters: { FunctionName: 'f', Function: 'g' } })],
    [
      "fields ['IfNonMatch']",
      call({
        Resource: 'arn:aws:states:::aws-sdk:s3:putObject',
        Parameters: { Bucket: 'b', Key: 'k', IfNonMatch: '*' },
      }),
    ],
    ['none that the emulator calls', call({ Resource: 'arn:aws:states:::aws-sdk:s3:putThing' })],
    [
      "'text.$' must be a valid JSONPath",
      call({ Parameters: { FunctionName: 'f', Payload: { 'text.$': 'a' } } }),
    ],
    ["Missing 'Next' target: Nowhere", call({ End: undefined, Next: 'Nowhere' })],
    ['"Lost" is not reachable', { ...call({}), States: { ...call({}).States, Lost: { Type: 'Succeed' } } }],
    ['Exactly one of Next and End', call({ Next: 'Call' })],
    ['/States/Each/TimeoutSeconds', map({ TimeoutSeconds: 3 })],
    ['/States/Each/ToleratedFailures', map({ ToleratedFailures: 3 })],
    ['MaxConcurrency and MaxConcurrencyPath exclude', map({ MaxConcurrency: 3, MaxConcurrencyPath: '$.c' })],
    [
      '/ItemReader/Parameters/Prefx',
      map({ ItemReader: { Resource: 'arn:aws:states:::s3:getObject', Parameters: { 'Prefx.$': '$.p' } } }),
    ],
    ['does not run this field', map({ ResultWriter: {} })],
    ['/Timeout', { ...call({}), Timeout: 3 }],
  ];
  it.each(cases)('are refused with %s', async (message, definition) => {
    await expect(create(definition)).rejects.toMatchObject({
      name: 'InvalidDefinition',
      message: expect.stringContaining(message),
    });
  });

  it('are refused by CloudFormation too', async () => {
    await expect(
      deployTemplate(emulator, 'refused', { Machine: stateMachine('refused', call({ Timeout: 3 })) }),
    ).rejects.toThrow('Field is not supported at /States/Call/Timeout');
  });
});

type Schema = {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
};

describe('the table of fields', () => {
  const folder = fileURLToPath(new URL('../../emulator', import.meta.url));
  const validator = dirname(createRequire(import.meta.url).resolve('asl-validator'));
  const fieldsOf = ({ properties = {}, oneOf = [], allOf = [] }: Schema): string[] => [
    ...Object.keys(properties),
    ...[...oneOf, ...allOf].flatMap(fieldsOf),
  ];

  it('has the fields that asl-validator has, but those of JSONata', () => {
    const code =
      'import json, sfn_fields; print(json.dumps({k: sorted(v) for k, v in sfn_fields.STATES.items()}))';
    const { stdout } = spawnSync(pythonPath('emulator'), ['-c', code], { cwd: folder, encoding: 'utf8' });
    const ours = JSON.parse(stdout) as Record<string, string[]>;
    // A Choice has no End: its validator takes one nevertheless.
    const left = new Set(['Output', 'Arguments', 'Items']);
    const theirs = Object.fromEntries(
      Object.keys(ours).map((kind) => {
        const schema = JSON.parse(
          readFileSync(join(validator, 'schemas', `${kind.toLowerCase()}.json`), 'utf8'),
        );
        const names = new Set(fieldsOf(schema).filter((name) => !left.has(name)));
        if (kind === 'Choice') names.delete('End');
        return [kind, [...names].sort()];
      }),
    );
    expect(theirs).toEqual(ours);
  });
});
