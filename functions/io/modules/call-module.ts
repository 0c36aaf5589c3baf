import type { ModuleCall } from '../../contract/define-module.ts';
import { MODULE_LIMITS, type ModuleReject } from '../../contract/module-step.ts';
import { bounded, describeThrown } from './describe-thrown.ts';
import type { LoadedModule } from './load-module.ts';
import { OutputMismatch, renderMismatch } from './output-mismatch.ts';

/** Why a call gave nothing: a reject without its row. */
export type CallFailure = Omit<ModuleReject, 'step' | 'row' | 'raw'>;

export type CallResult<Value> =
  | { readonly value: Value; readonly failure?: never }
  | { readonly failure: CallFailure; readonly value?: never };

export type Caller<Value> = (argument: unknown) => CallResult<Value> | Promise<CallResult<Value>>;

export type CallOptions<Value> = {
  readonly module: LoadedModule;
  readonly timeoutSeconds: number;
  /** Aborted when the step ends, however it ends: calls that are still open hear of it. */
  readonly signal: AbortSignal;
  /** Reads what the function returned, at once: the function may use the same objects again. */
  readonly read: (returned: unknown, argument: unknown, isOver: () => boolean) => Value | Promise<Value>;
};

/**
 * Calls a module's function. The result is there at once where the function returns at once, and a promise
 * where it returns one; neither throws nor rejects: whatever the function does is in the result. A promise
 * that does not settle in time is `module_timeout`, and what it settles to later is ignored.
 */
export const createCaller = <Value>(options: CallOptions<Value>): Caller<Value> => {
  const open = new Set<OpenCall>();
  options.signal.addEventListener('abort', () => {
    for (const call of open) call.end(new Error('the step has ended'));
  });
  return (argument) => {
    const call = new OpenCall();
    try {
      const returned = options.module.call(argument, options.module.context, call);
      if (!isThenable(returned)) {
        const value = options.read(returned, argument, () => call.isOver);
        return value instanceof Promise ? settleInTime(options, open, { call, value }) : { value };
      }
      const value = Promise.resolve(returned).then((given) =>
        options.read(given, argument, () => call.isOver),
      );
      return settleInTime(options, open, { call, value });
    } catch (error) {
      return { failure: failureOf(options.module, error) };
    }
  };
};

/** What a function gets as its last argument. Owns the signal of a call, which is made when it is asked for. */
class OpenCall implements ModuleCall {
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  end(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  'then' in value &&
  typeof value.then === 'function';

/** The longest that a timer waits: a longer one would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const settleInTime = <Value>(
  { module, timeoutSeconds }: CallOptions<Value>,
  open: Set<OpenCall>,
  { call, value }: { readonly call: OpenCall; readonly value: Promise<Value> },
): Promise<CallResult<Value>> =>
  new Promise((resolve) => {
    open.add(call);
    const end = (result: CallResult<Value>): void => {
      clearTimeout(timer);
      open.delete(call);
      resolve(result);
    };
    const timer = setTimeout(
      () => {
        const message = `the call has not ended after ${timeoutSeconds} s`;
        call.end(new Error(message));
        end({ failure: { cause: 'module_timeout', detail: message, message } });
      },
      Math.min(timeoutSeconds * 1000, LONGEST_TIMER_MS),
    );
    value.then(
      (settled) => end({ value: settled }),
      (error: unknown) => end({ failure: failureOf(module, error) }),
    );
  });

/** What a thrown thing means: an output that does not fit, or the author's own error. */
export const failureOf = (module: LoadedModule, thrown: unknown): CallFailure => {
  if (thrown instanceof OutputMismatch) return mismatchOf(thrown);
  const place = module.findPlace(thrown);
  return { cause: 'module_error', ...describeThrown(thrown), ...(place === undefined ? {} : { place }) };
};

export const mismatchOf = (mismatch: OutputMismatch): CallFailure => {
  const column = mismatch.path.find((step) => typeof step === 'string');
  return {
    cause: 'module_output',
    ...(column === undefined ? {} : { column }),
    detail: bounded(renderMismatch(mismatch), MODULE_LIMITS.messageCharacters),
    message: bounded(`${renderMismatch(mismatch)}${mismatch.said}`, MODULE_LIMITS.messageCharacters),
  };
};
