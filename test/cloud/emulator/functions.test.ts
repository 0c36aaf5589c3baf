/** Functions in the emulator behave as AWS's do where ministack's own do not. Each law names AWS's page. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearFaults, listInvocations, orderFault, withdrawFault } from '../../emulator/emulator-door.ts';
import { invokeFunction } from '../../emulator/invoke-function.ts';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { deployTemplate, lambdaFunction, updateTemplate } from '../deploy-template.ts';
import { functionArn, lambdaTask, runExecution, stateMachine } from '../run-execution.ts';

const CODE = `
const { writeFileSync, readdirSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { spawn } = require('node:child_process');
let calls = 0;
console.log('loaded');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const acts = {
  answer: () => ({ pid: process.pid, calls: ++calls }),
  say: ({ word }) => { process.stdout.write(word + '\\n'); process.stderr.write(word + '!'); },
  fail: () => { throw Object.assign(new Error('gone'), { name: 'BlockMissingError' }); },
  exit: ({ code }) => process.exit(code),
  spin: () => { for (;;); },
  wait: async ({ ms }) => { await sleep(ms); return { pid: process.pid }; },
  eat: async () => { const kept = []; for (;;) { kept.push(Buffer.alloc(8e6, 1)); await sleep(5); } },
  feed: async () => {
    spawn(process.execPath, ['-e', 'const k=[];setInterval(()=>k.push(Buffer.alloc(8e6,1)),5)']);
    await sleep(10_000);
  },
  text: ({ length }) => 'x'.repeat(length),
  size: ({ text }) => text.length,
  env: () => process.env,
  scratch: () => { const files = readdirSync(tmpdir()); writeFileSync(tmpdir() + '/' + files.length, ''); return files; },
  tick: () => { globalThis.ticker ??= setInterval(() => { calls += 1; }, 5); return calls; },
  reject: async () => { Promise.reject(new Error('nobody listens')); await sleep(10_000); },
  circle: () => { const self = {}; self.self = self; return self; },
  nothing: () => undefined,
};
exports.handler = async (event, context) => {
  if (event.act === 'context') return { ...context, left: context.getRemainingTimeInMillis() };
  return await acts[event.act](event);
};
exports.callback = (event, context, callback) => callback(null, 1);
`;

let emulator: Emulator;
const call = (act: string, fields: object = {}, name = 'f') =>
  invokeFunction(emulator, name, { act, ...fields });

beforeAll(async () => {
  emulator = await startEmulator();
  await deployTemplate(emulator, 'functions', {
    F: lambdaFunction('f', CODE, { variables: { OWN: 'mine' } }),
    Logged: lambdaFunction('logged', CODE),
    Cold: lambdaFunction('cold', CODE),
    Ticking: lambdaFunction('ticking', CODE),
    Quick: lambdaFunction('quick', CODE, { timeoutSeconds: 1 }),
    Small: lambdaFunction('small', CODE, { memoryMb: 128 }),
    Broken: lambdaFunction('broken', 'exports.handler = (;'),
    Missing: lambdaFunction('missing', `require('no-such-module');`),
    One: lambdaFunction('one', CODE, { reservedConcurrency: 1 }),
    Callback: lambdaFunction('callback', CODE, { handler: 'index.callback' }),
    Faulty: lambdaFunction('faulty', CODE),
  });
});
afterAll(() => emulator.stop());

/** @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
describe('errors of a handler', () => {
  it('reach the caller by their own name', async () => {
    const { status, functionError, payload } = await call('fail');
    expect({ status, functionError }).toEqual({ status: 200, functionError: 'Unhandled' });
    expect(payload).toMatchObject({ errorType: 'BlockMissingError', errorMessage: 'gone' });
  });

  it('leave the environment warm', async () => {
    const before = (await call('answer')).payload;
    await call('fail');
    expect((await call('answer')).payload).toMatchObject({ pid: (before as { pid: number }).pid });
  });

  it('say how the process ended, when it did', async () => {
    expect((await call('exit', { code: 3 })).payload).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Runtime exited with error: exit status 3$/),
    });
    expect((await call('exit', { code: 0 })).payload).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('Runtime exited without providing a reason'),
    });
  });

  it('name a rejection that nobody handles, and end the process', async () => {
    const before = (await call('answer')).payload as { pid: number };
    expect((await call('reject')).payload).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection' });
    expect(((await call('answer')).payload as { pid: number }).pid).not.toBe(before.pid);
  });

  it('name what is wrong with the code', async () => {
    const names = await Promise.all(
      ['broken', 'missing', 'callback'].map(async (name) => (await call('answer', {}, name)).payload),
    );
    expect(names).toMatchObject([
      { errorType: 'Runtime.UserCodeSyntaxError' },
      { errorType: 'Runtime.ImportModuleError' },
      { errorType: 'Runtime.CallbackHandlerDeprecated' },
    ]);
  });

  it('name an answer that is no JSON', async () => {
    expect((await call('circle')).payload).toMatchObject({ errorType: 'Runtime.JSONStringifyError' });
    expect((await call('nothing')).payload).toBeNull();
  });
});

/** @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
describe('limits of a function', () => {
  it('end it at its timeout, also a loop without end', async () => {
    expect((await call('spin', {}, 'quick')).payload).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('Error: Task timed out after 1.00 seconds'),
    });
  });

  it('end it at its memory, and that of the processes that it starts', async () => {
    const killed = {
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('Error: Runtime exited with error: signal: killed'),
    };
    expect((await call('eat', {}, 'small')).payload).toMatchObject(killed);
    expect((await call('feed', {}, 'small')).payload).toMatchObject(killed);
    expect((await call('answer', {}, 'small')).functionError).toBeUndefined();
  });

  it('take and give 6 MB, and refuse more both ways', async () => {
    const most = 6 * 1024 * 1024;
    expect((await call('size', { text: 'x'.repeat(most - 100) })).payload).toBe(most - 100);
    expect(await call('size', { text: 'x'.repeat(most) })).toMatchObject({
      status: 413,
      payload: { __type: 'RequestEntityTooLargeException' },
    });
    expect((await call('text', { length: most })).functionError).toBeUndefined();
    expect(await call('text', { length: most + 100 })).toMatchObject({
      functionError: 'Unhandled',
      payload: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  });

  it('refuse what is above the reserved concurrency', async () => {
    const [first, second] = await Promise.all([
      call('wait', { ms: 1500 }, 'one'),
      call('wait', { ms: 1500 }, 'one'),
    ]);
    expect([first.status, second.status].sort()).toEqual([200, 429]);
  });
});

/** @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
describe('the environment of a function', () => {
  it('has the variables of AWS and its own, and none of this machine but PATH', async () => {
    process.env.SECRET_OF_THE_HOST = 'hidden';
    const variables = (await call('env')).payload as Record<string, string>;
    expect(variables).toMatchObject({
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_REGION: 'us-east-1',
      OWN: 'mine',
    });
    const expected = /^(AWS_|LAMBDA_|_HANDLER$|_X_AMZN|PATH$|TMPDIR$|LANG$|TZ$|OWN$)/;
    expect(Object.keys(variables).filter((name) => !expected.test(name))).toEqual([]);
  });

  it('has a /tmp of its own, which outlives a process that died', async () => {
    expect((await call('scratch', {}, 'cold')).payload).toEqual([]);
    expect((await call('scratch', {}, 'cold')).payload).toEqual(['0']);
    await call('exit', { code: 1 }, 'cold');
    expect((await call('scratch', {}, 'cold')).payload).toEqual(['0', '1']);
    expect((await call('scratch', {}, 'one')).payload).toEqual([]);
  });

  it('is frozen between invocations', async () => {
    await call('tick', {}, 'ticking');
    // Time for a hundred ticks, spent in another function.
    await call('wait', { ms: 500 }, 'cold');
    expect((await call('tick', {}, 'ticking')).payload).toBeLessThan(20);
  });

  it('serves one invocation at a time, so that two at once have two', async () => {
    const replies = await Promise.all([call('wait', { ms: 300 }), call('wait', { ms: 300 })]);
    expect(new Set(replies.map(({ payload }) => (payload as { pid: number }).pid)).size).toBe(2);
  });

  it('tells the handler its request and the time that is left', async () => {
    expect((await call('context')).payload).toMatchObject({
      functionName: 'f',
      memoryLimitInMB: '256',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      left: expect.any(Number),
    });
  });
});

describe('the log of a function', () => {
  it('has each line in the invocation that wrote it, to the last', async () => {
    expect((await call('say', { word: 'one' }, 'logged')).log).toBe('loaded\none\none!');
    for (let index = 0; index < 20; index += 1) {
      const word = createHash('sha256').update(String(index)).digest('hex');
      expect((await call('say', { word }, 'logged')).log).toBe(`${word}\n${word}!`);
    }
  });
});

/** @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html */
describe('a published version', () => {
  const answering = (word: string) =>
    lambdaFunction(
      'versioned',
      `exports.handler = async ({ ms }) => {
      if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
      return '${word}';
    };`,
    );
  const version = { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Versioned' } } };

  it('keeps its code when the function gets another, and what is under way ends as it began', async () => {
    await deployTemplate(emulator, 'versions', { Versioned: answering('first'), First: version });
    const slow = invokeFunction(emulator, 'versioned', { ms: 1000 });
    await invokeFunction(emulator, 'versioned', {}, { qualifier: '1' });
    await updateTemplate(emulator, 'versions', {
      Versioned: answering('second'),
      First: version,
      Second: version,
    });
    const payloads = [];
    for (const qualifier of ['1', '2', '$LATEST'])
      payloads.push((await invokeFunction(emulator, 'versioned', {}, { qualifier })).payload);
    expect(payloads).toEqual(['first', 'second', 'second']);
    expect((await slow).payload).toBe('first');
    expect(await invokeFunction(emulator, 'versioned', {}, { qualifier: '3' })).toMatchObject({
      status: 404,
    });
  });

  it('is what Step Functions invokes where the ARN names it', async () => {
    const invoke = { FunctionName: `${functionArn('versioned')}:1`, 'Payload.$': '$' };
    await deployTemplate(emulator, 'qualified', {
      Machine: stateMachine('qualified', {
        StartAt: 'Call',
        States: { Call: lambdaTask('versioned', { Parameters: invoke, OutputPath: '$', End: true }) },
      }),
    });
    const { output } = await runExecution(emulator, 'qualified');
    expect(JSON.parse(output ?? '')).toMatchObject({ ExecutedVersion: '1', Payload: 'first' });
  });
});

describe('faults that a test orders', () => {
  it('strike the invocations that match, as often as ordered, and are counted', async () => {
    const one = { target: 'lambda', function: 'faulty' } as const;
    await orderFault(emulator, { ...one, kind: 'throttle', skip: 1, where: { act: 'answer' } });
    const statuses = [];
    for (const act of ['answer', 'nothing', 'answer', 'answer'])
      statuses.push((await call(act, {}, 'faulty')).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  it('cut a handler short, lose its answer, or run it twice', async () => {
    const one = { target: 'lambda', function: 'faulty' } as const;
    const before = (await listInvocations(emulator, 'faulty')).length;
    await orderFault(emulator, { ...one, kind: 'die', afterSeconds: 0.1 });
    await orderFault(emulator, { ...one, kind: 'time-out', afterSeconds: 0.1 });
    await orderFault(emulator, { ...one, kind: 'lose-answer' });
    await orderFault(emulator, { ...one, kind: 'service-error' });
    await orderFault(emulator, { ...one, kind: 'twice' });
    const replies = [];
    for (let index = 0; index < 5; index += 1)
      replies.push(await call('wait', { ms: index < 2 ? 5000 : 20 }, 'faulty'));
    expect(replies).toMatchObject([
      { payload: { errorType: 'Runtime.ExitError' } },
      { payload: { errorType: 'Sandbox.Timedout' } },
      { status: 500, payload: { __type: 'ServiceException' } },
      { status: 500 },
      { status: 200, functionError: undefined },
    ]);
    await expect
      .poll(async () => (await listInvocations(emulator, 'faulty')).slice(before).map(({ fault }) => fault))
      .toEqual(['die', 'time-out', 'lose-answer', 'twice', 'twice']);
  });

  it('hold what says a word until they are withdrawn, or for as long as they say', async () => {
    const one = { target: 'lambda', function: 'faulty', kind: 'hold', says: 'held-back' } as const;
    const long = await orderFault(emulator, { ...one, afterSeconds: 60 });
    let isAnswered = false;
    const held = call('answer', { deep: ['held-back'] }, 'faulty').finally(() => {
      isAnswered = true;
    });
    // It says nothing of the kind, and passes by the one that is held.
    expect((await call('answer', { deep: ['free'] }, 'faulty')).status).toBe(200);
    expect(isAnswered).toBe(false);
    await withdrawFault(emulator, long);
    expect((await held).status).toBe(200);
    await orderFault(emulator, { ...one, afterSeconds: 0.2 });
    const startedAt = performance.now();
    expect((await call('answer', { deep: ['held-back'] }, 'faulty')).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(200);
  });

  it('fails for a fault that the emulator does not know', async () => {
    await expect(
      orderFault(emulator, { target: 'lambda', kind: 'slow-down' as 'die', function: 'f' }),
    ).rejects.toThrow("no kind 'slow-down'");
    await clearFaults(emulator);
  });
});
