import { renderBytes, renderCount } from '../../functions/core/render-units.ts';
import { type Html, html } from './html.ts';
import type { PageStage, ReportPage } from './report-page.ts';

/** Nothing where no row was rejected. */
export const renderRejects = ({ rejects, rejectedRows }: ReportPage): Html => {
  if (rejectedRows === 0) return html``;
  return html`<section>
<h2>Rejects</h2>
${
  rejects === undefined
    ? html`<p>${renderCount(rejectedRows)} rows were rejected; the files that keep their causes are gone, or too large to be copied here.</p>`
    : html`<div class="scroll"><table class="narrow">
<thead><tr><th>Cause</th><th>Column</th><th class="number">Rows</th></tr></thead>
<tbody>
${rejects.map(
  ({
    cause,
    column,
    rows,
  }) => html`<tr><td>${cause}</td><td class="text">${column}</td><td class="number">${renderCount(rows)}</td></tr>
`,
)}</tbody>
</table></div>`
}
</section>`;
};

export const renderPlan = (stages: readonly PageStage[]): Html => html`<section>
<h2>Plan</h2>
${stages.map(
  (stage) => html`<div class="planned">
<h3>${stage.stage}</h3>
<p class="about">${renderCount(stage.tasks)} ${stage.tasks === 1 ? 'task' : 'tasks'}${stage.inputBytes === undefined ? '' : ` over ${renderBytes(stage.inputBytes)}`}, writing ${stage.format}.${stage.expected === undefined ? '' : ` Expected ${stage.expected}.`}</p>
${
  stage.steps.length === 0
    ? ''
    : html`<ol class="steps">${stage.steps.map((step) => html`<li><code>${step}</code></li>`)}</ol>`
}
${renderColumns(stage.columns)}
</div>
`,
)}</section>`;

export const renderInput = ({ format, files, moreFiles }: ReportPage['input']): Html => html`<section>
<h2>Input</h2>
<ul class="files">
${files.map(
  ({ path, sizeBytes }) =>
    html`<li><code>${path}</code>${sizeBytes === 0 ? '' : html` <small>${renderBytes(sizeBytes)}</small>`}</li>
`,
)}</ul>
<p class="about">${format === '' ? '' : `Read as ${format}.`}${moreFiles > 0 ? ` And ${renderCount(moreFiles)} more.` : ''}</p>
</section>`;

export const renderOutput = ({ output }: ReportPage): Html => html`<section>
<h2>Output</h2>
<p><code>${output.uri}</code></p>
<p class="about">${renderCount(output.parts)} ${output.format} ${output.parts === 1 ? 'file' : 'files'}, ${renderBytes(output.sizeBytes)}.</p>
${renderColumns(output.columns)}
</section>`;

const renderColumns = (columns: PageStage['columns']): Html =>
  columns.length === 0
    ? html``
    : html`<ul class="columns">${columns.map(({ name, type }) => html`<li><b>${name}</b> <code>${type}</code></li>`)}</ul>`;
