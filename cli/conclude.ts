import { DeadlineMissedError } from '../functions/contract/errors-command.ts';
import type { Report } from '../functions/contract/report.ts';
import { renderPreview } from './render-preview.ts';
import { renderPageHint, renderReport } from './render-report.ts';

export type ConcludeOptions = {
  readonly json?: boolean;
  /** Rows of the result to print; it must be on this machine. */
  readonly show?: number;
  /** Makes the commands in a sentence find the job again. */
  readonly hint?: (sentence: string) => string;
};

/**
 * Prints the result; a result after its deadline is there, and the command says so by its exit code. Fails with
 * DeadlineMissedError.
 */
export const conclude = async (report: Report, options: ConcludeOptions): Promise<void> => {
  const { json, show = 0, hint = (sentence: string) => sentence } = options;
  if (json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    if (show > 0) process.stdout.write(`\n${await renderPreview(report, show)}\n`);
    process.stdout.write(`\n${renderReport(report)}\n${hint(renderPageHint(report.job))}\n`);
  }
  const { deadlineAt, finishedAt } = report;
  if (deadlineAt !== undefined && finishedAt > deadlineAt) {
    throw new DeadlineMissedError({ deadlineAt, finishedAt });
  }
};
