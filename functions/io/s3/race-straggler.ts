/** One of at most two equal requests, the second of which is sent when the first is late. */
export type RacedRequest = { readonly signal: AbortSignal; readonly isDuplicate: boolean };

type Race = {
  /** Milliseconds after which the first request is late. */
  readonly afterMs: number;
  /** Asked at that moment: whether a second one is of use. */
  readonly mayDuplicate: () => boolean;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Sends a request, and a second one like it where no answer has come in time; the first answer wins and the other
 * request is aborted. Both must do no harm when done twice. Where both fail, the first one's failure is thrown.
 */
export const raceStraggler = async <Answer>(
  send: (request: RacedRequest) => Promise<Answer>,
  { afterMs, mayDuplicate, signal }: Race,
): Promise<Answer> => {
  const start = (isDuplicate: boolean) => {
    const abort = new AbortController();
    const both = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
    return { answer: send({ signal: both, isDuplicate }), abort };
  };
  const first = start(false);
  if (!(await isLate(first.answer, afterMs)) || !mayDuplicate()) return first.answer;
  const second = start(true);
  try {
    return await Promise.any([
      first.answer.then((answer) => win(answer, second.abort)),
      second.answer.then((answer) => win(answer, first.abort)),
    ]);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
};

const win = <Answer>(answer: Answer, loser: AbortController): Answer => {
  loser.abort();
  return answer;
};

/** False as soon as the request has ended, well or not. */
const isLate = async (request: Promise<unknown>, afterMs: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const ended = request.then(
    () => false,
    () => false,
  );
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, afterMs, true);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
};
