import type { ReplyFailure } from '../contract/api.ts';
import { type DaybreakError, ExpressionError, type Problem, SpecError } from '../contract/errors.ts';
import { SubmissionError } from '../contract/errors-cloud.ts';
import { NotYetError } from '../contract/errors-command.ts';

const problemsOf = (error: DaybreakError): readonly Problem[] | undefined => {
  const isOfSpec =
    error instanceof SpecError ||
    error instanceof ExpressionError ||
    error instanceof SubmissionError ||
    error instanceof NotYetError;
  return isOfSpec ? error.problems : undefined;
};

/** An error of the table as replies and rejections carry it: its sentence, and each problem as data. */
export const describeFailure = (error: DaybreakError): ReplyFailure => {
  const problems = problemsOf(error);
  if (problems === undefined) return { name: error.name, message: error.message, problems: [] };
  // The lines behind the first are the problems, as text.
  const [message = ''] = error.message.split('\n');
  return { name: error.name, message, problems: problems.map(plain) };
};

const plain = ({ path, message, line, column, suggestion }: Problem): ReplyFailure['problems'][number] => ({
  path,
  message,
  ...(line === undefined ? {} : { line }),
  ...(column === undefined ? {} : { column }),
  ...(suggestion === undefined ? {} : { suggestion }),
});
