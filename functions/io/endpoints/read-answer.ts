import { INFER_LIMITS, type InferAnswer } from '../../contract/planned-infer.ts';
import { bounded } from '../modules/describe-thrown.ts';
import type { AnswerReader } from './answer-reader.ts';
import type { RowReject } from './ask-failure.ts';
import type { RowAnswer } from './endpoint.ts';
import type { Reply } from './read-reply.ts';
import type { Secret } from './secret.ts';

type Reading = {
  readonly answer: InferAnswer;
  readonly readText: AnswerReader;
  readonly key: Secret | undefined;
};

/** The answer in a reply, or why it is none: every one is checked, whatever the endpoint promised. */
export const answerOf = (reply: Reply, { answer, readText, key }: Reading): RowAnswer => {
  const { usage } = reply;
  const holdsKey = reply.kind === 'text' && key?.isIn(reply.text) === true;
  const said =
    reply.kind === 'text' && !holdsKey ? { answer: bounded(reply.text, INFER_LIMITS.rawCharacters) } : {};
  const rejected = (cause: RowReject['cause'], error: string | undefined, message: string): RowAnswer => ({
    reject: {
      cause,
      ...(error === undefined ? {} : { error }),
      message: message.slice(0, INFER_LIMITS.messageCharacters),
      ...said,
    },
    usage,
  });
  const finishReason = key?.isIn(reply.finishReason ?? '') === true ? undefined : reply.finishReason;
  if (finishReason === 'content_filter')
    return rejected('content_filter', finishReason, 'the endpoint filtered the answer');
  switch (reply.kind) {
    case 'none':
      return reply.isRefusal
        ? rejected('content_filter', 'refusal', 'the model refused to answer')
        : rejected('answer_shape', finishReason, 'there is no text in the answer');
    case 'vector': {
      const { vector } = reply;
      const wanted = answer.kind === 'embedding' ? answer.dimensions : undefined;
      if (vector.length === wanted) return { answer: vector, usage, finishReason };
      return rejected('answer_shape', undefined, `expected ${wanted} numbers, found ${vector.length}`);
    }
    case 'score':
      return { answer: reply.score, usage, finishReason };
    case 'text': {
      // No answer is changed, and no key goes into a block.
      if (holdsKey) return rejected('answer_shape', 'key', 'the answer holds the key of the endpoint');
      const read = readText(reply.text);
      if (read.problem === undefined) return { answer: read.text, usage, finishReason };
      return rejected('answer_shape', finishReason, read.problem);
    }
  }
};
