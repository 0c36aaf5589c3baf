import { renderCount } from '../../functions/core/render-units.ts';
import { type Html, html } from './html.ts';
import type { Amended, FailedAttempt, ReportPage } from './report-page.ts';

/** Nothing where every task was done once. */
export const renderAttempts = ({
  amended,
  failed,
  moreFailed,
}: Pick<ReportPage, 'amended' | 'failed' | 'moreFailed'>): Html =>
  amended.length + failed.length === 0
    ? html``
    : html`<section>
<h2>Done again</h2>
<p class="about">What was tried more than once counts once: of each task one attempt, of a replaced task none. In the timeline a replaced task is a faint bar.</p>
${amended.length === 0 ? '' : renderAmended(amended)}
${failed.length === 0 ? '' : renderFailed(failed)}
${moreFailed === 0 ? '' : html`<p class="about">And ${renderCount(moreFailed)} more failed attempts.</p>`}
</section>`;

const renderAmended = (amended: readonly Amended[]): Html => html`<div class="scroll"><table>
<thead><tr><th>Stage</th><th class="number">Tasks replaced</th><th class="number">By</th><th>Why</th></tr></thead>
<tbody>
${amended.map(
  ({ stage, voided, tasks, reason }) =>
    html`<tr><td>${stage}</td><td class="number">${renderCount(voided)}</td><td class="number">${renderCount(tasks)}</td><td class="text">${reason}</td></tr>
`,
)}</tbody>
</table></div>`;

const renderFailed = (failed: readonly FailedAttempt[]): Html => html`<div class="scroll"><table>
<thead><tr><th>Failed attempt</th><th>Failure</th><th>Message</th><th>Worker</th></tr></thead>
<tbody>
${failed.map(
  ({ stage, task, name, message, worker }) =>
    html`<tr><td>${stage} <b>${task}</b></td><td>${name}</td><td class="text">${message}</td><td>${worker}</td></tr>
`,
)}</tbody>
</table></div>`;
