import { FIRST_RUN } from '../functions/contract/ids.ts';
import type { Report } from '../functions/contract/report.ts';
import { renderQuote } from '../functions/core/explain-issues.ts';
import { nameStep } from '../functions/core/name-step.ts';
import {
  renderBytes,
  renderCount,
  renderRows,
  renderSeconds,
  renderUsd,
} from '../functions/core/render-units.ts';
import { renderTable } from './render-table.ts';

const NUMBERS = new Set([1, 2, 3, 4, 5, 6, 7, 8]);

/** The report of a finished run as text: where the rows of each stage went, and what was published. */
export const renderReport = (report: Report): string =>
  [
    `job ${report.job}, run ${report.run}: ${report.outcome} in ${renderSeconds(report.seconds)}${renderSince(report)}`,
    ...(report.failure === undefined ? [] : [`${report.failure.name}: ${report.failure.message}`]),
    ...(report.deadlineAt === undefined ? [] : [renderDeadline(report)]),
    ...(report.stages.length === 0
      ? []
      : [
          '',
          renderStages(report),
          ...renderSteps(report),
          ...renderCauses(report),
          ...renderModels(report),
          ...renderPruned(report),
        ]),
    ...(isPublished(report) ? ['', renderOutput(report)] : []),
  ].join('\n');

const isPublished = ({ outcome }: Report): boolean => outcome === 'published' || outcome === 'partial';

/** A later run begins where a resume opened it, long after the submission perhaps. */
const renderSince = ({ run, submittedAt, finishedAt }: Report): string =>
  run === FIRST_RUN
    ? ''
    : `, ${renderSeconds((Date.parse(finishedAt) - Date.parse(submittedAt)) / 1000)} after the submission`;

/** How to see more of a report. */
export const renderPageHint = (job: string): string =>
  `\`daybreak report ${job} --html report.html\` draws it as a page`;

/** What publishes nothing meets no deadline, however early it ends. */
const renderDeadline = (report: Report): string => {
  const { deadlineAt = '', finishedAt } = report;
  const slackSeconds = (Date.parse(deadlineAt) - Date.parse(finishedAt)) / 1000;
  if (!isPublished(report)) {
    const left = slackSeconds > 0 ? `${renderSeconds(slackSeconds)} were left` : 'it had passed';
    return `deadline ${deadlineAt}: not met, nothing was published; ${left}`;
  }
  return slackSeconds >= 0
    ? `deadline ${deadlineAt}: met, ${renderSeconds(slackSeconds)} to spare`
    : `deadline ${deadlineAt}: missed by ${renderSeconds(-slackSeconds)}`;
};

const renderStages = (report: Report): string =>
  renderTable({
    header: ['stage', 'read', 'grown', 'dropped', 'folded', 'cut', 'rejected', 'written', 'seconds'],
    right: NUMBERS,
    rows: report.stages.map(({ stage, counts, seconds }) => [
      stage,
      ...[
        counts.read,
        counts.grown,
        counts.dropped,
        counts.folded,
        counts.cut,
        counts.rejected,
        counts.written,
      ].map(renderCount),
      seconds.toFixed(2),
    ]),
  });

/** What each step did, in words; a step that moved no row is left out. */
const renderSteps = (report: Report): readonly string[] =>
  report.stages.flatMap(({ stage, steps }) =>
    steps.flatMap((step) => {
      const { dropped, grown, folded, cut, rejected = 0 } = step;
      const did = [
        [dropped, 'dropped'],
        [grown, 'added'],
        [folded, 'folded into groups'],
        [cut, 'cut by the limit'],
        [rejected, 'rejected'],
      ] as const;
      const words = did.filter(([rows]) => rows > 0).map(([rows, what]) => `${renderCount(rows)} ${what}`);
      // A step that moves rows has a half in each of two stages.
      const where = report.stages.length > 1 ? `${stage} ` : '';
      return words.length === 0 ? [] : [`  ${where}${nameStep(step)}: ${words.join(', ')}`];
    }),
  );

/** Why rows were rejected. */
const renderCauses = ({ stages }: Report): readonly string[] =>
  stages.flatMap(({ stage, rejects = [] }) => {
    const causes = rejects.map(
      ({ cause, column, rows }) =>
        `${renderCount(rows)} ${cause}${column === undefined ? '' : ` in ${renderQuote(column)}`}`,
    );
    return causes.length === 0 ? [] : [`  ${stage} rejects: ${causes.join(', ')}`];
  });

/** What models were asked, and what that cost. */
const renderModels = ({ stages }: Report): readonly string[] =>
  stages.flatMap(({ stage, infer }) => {
    if (infer === undefined) return [];
    const { promptTokens, cachedTokens = 0, outputTokens, costUsd, engine, startSeconds } = infer;
    const cached = cachedTokens === 0 ? '' : ` (${renderCount(cachedTokens)} from a cache)`;
    const tokens = `${renderCount(promptTokens)} prompt tokens${cached}, ${renderCount(outputTokens)} output tokens`;
    const cost = costUsd === undefined ? '' : `, ${renderUsd(costUsd)}`;
    const start =
      startSeconds === undefined ? '' : `; ${renderSeconds(startSeconds)} of its seconds for the start`;
    return [`  ${stage} ${engine}: ${tokens}${cost}${start}`];
  });

/** Rows that stand in no column, for nobody has read them. */
const renderPruned = ({ stages }: Report): readonly string[] => {
  const pruned = stages.reduce((rows, { counts }) => rows + counts.pruned, 0);
  return pruned === 0
    ? []
    : [`  ${renderCount(pruned)} more rows were not read: the bounds of their row groups rule them out`];
};

const renderOutput = ({ output, rows }: Report): string =>
  `${output.uri}: ${renderRows(rows.written)} in ${output.parts} ${output.format} ${
    output.parts === 1 ? 'file' : 'files'
  }, ${renderBytes(output.sizeBytes)}${rows.rejected > 0 ? `, ${renderCount(rows.rejected)} ${rows.rejected === 1 ? 'reject' : 'rejects'} in _rejects/` : ''}`;
