/**
 * Runs a function's handler as AWS's runtime for Node.js 24 does: one invocation at a time, promises only, the names
 * of errors as they are thrown. Started by lambda_process.py, which speaks lines of JSON with it over a socket.
 *
 * Arguments: the socket's descriptor, the handler (`index.handler`), the mark that closes the log of an invocation.
 *
 * @see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client for the names of errors
 */
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [descriptor, handlerName, mark] = process.argv.slice(2);
const EXTENSIONS = ['', '.js', '.mjs', '.cjs'];
/** What AWS's runtime exits with after a rejection or an exception that nobody handles. */
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

// Kept before a handler can replace them.
const writers = [process.stdout, process.stderr].map((stream) => stream.write.bind(stream));
const socket = new Socket({ fd: Number(descriptor), readable: true, writable: true });

const written = (write, text) => new Promise((resolve) => write(text, resolve));

/** All that was logged has left this process before the answer does. */
const send = async (answer) => {
  const [stdout, stderr] = writers;
  await written(stderr, '');
  await written(stdout, `\0${mark}\n`);
  await written(socket.write.bind(socket), `${answer}\n`);
};

const named = (name, error) => Object.assign(new Error(String(error)), { name, stack: error.stack ?? '' });

const errorPayload = (error) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

/** `isLast`: the process ends with this error. */
const sendError = async (error, isLast = false) => {
  const payload = errorPayload(error);
  process.stderr.write(`ERROR\tInvoke Error\t${JSON.stringify(payload)}\n`);
  await send(JSON.stringify({ error: payload, isLast }));
};

const loadHandler = async () => {
  const dot = handlerName.lastIndexOf('.');
  if (dot < 1) throw named('Runtime.MalformedHandlerName', 'Bad handler');
  const base = path.resolve(process.env.LAMBDA_TASK_ROOT, handlerName.slice(0, dot));
  const file = EXTENSIONS.map((extension) => base + extension).find((name) => existsSync(name));
  if (file === undefined) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${base}'`);
  let loaded;
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw named('Runtime.UserCodeSyntaxError', error);
    if (['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(error?.code))
      throw named('Runtime.ImportModuleError', error);
    throw error;
  }
  const name = handlerName.slice(dot + 1);
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function')
    throw named('Runtime.HandlerNotFound', `${handlerName} is undefined or not exported`);
  if (handler.length > 2)
    throw named('Runtime.CallbackHandlerDeprecated', 'AWS Lambda no longer supports callback-based handlers');
  return handler;
};

const contextOf = ({ requestId, deadlineMs, functionArn }) => ({
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  invokedFunctionArn: functionArn,
  awsRequestId: requestId,
  getRemainingTimeInMillis: () => deadlineMs - Date.now(),
});

const stringify = (value) => {
  try {
    return JSON.stringify(value === undefined ? null : value);
  } catch {
    throw named('Runtime.JSONStringifyError', 'Unable to stringify response body');
  }
};

const fail = (exitCode) => async (error) => {
  await sendError(error, true);
  process.exit(exitCode);
};
process.on('uncaughtException', fail(EXIT_UNCAUGHT_EXCEPTION));
process.on('unhandledRejection', (reason) =>
  fail(EXIT_UNHANDLED_REJECTION)(named('Runtime.UnhandledPromiseRejection', reason ?? 'undefined')),
);

/** One invocation: the answer's value stays text, so that its size is what the function made. */
const invoke = async (handler, { event, traceId, ...facts }) => {
  if (traceId === null) delete process.env._X_AMZN_TRACE_ID;
  else process.env._X_AMZN_TRACE_ID = traceId;
  try {
    const value = stringify(await handler(event, contextOf(facts)));
    await new Promise((resolve) => setImmediate(resolve));
    await send(`{"value":${value}}`);
  } catch (error) {
    await sendError(error);
  }
};

// The emulator is gone.
socket.on('close', () => process.exit(0));

try {
  const handler = await loadHandler();
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
    if (!text.endsWith('\n')) return;
    const message = JSON.parse(text);
    text = '';
    void invoke(handler, message);
  });
  await send('{"ready":true}');
} catch (error) {
  await sendError(error, true);
  process.exit(1);
}
