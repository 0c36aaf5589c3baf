import { EXIT_CODES } from '../functions/contract/failures.ts';

/**
 * Lends a signal that Ctrl-C or a SIGTERM aborts, with the error that `cancelled` makes. A second Ctrl-C ends the
 * process at once, as a death: what is committed stays, and the job can be resumed.
 */
export const withInterrupt = async <Result>(
  cancelled: () => Error,
  use: (signal: AbortSignal) => Promise<Result>,
  says = 'cancelling; press Ctrl-C again to stop at once',
): Promise<Result> => {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.cancelled);
    process.stderr.write(`${says}\n`);
    controller.abort(cancelled());
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await use(controller.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
};
