import { renderCount, renderUsd } from '../../functions/core/render-units.ts';
import { type Html, html } from './html.ts';
import type { ModelUse } from './report-page.ts';

/** What each stage with a model asked it for; nothing where there is none. */
export const renderModels = (models: readonly ModelUse[]): Html => {
  if (models.length === 0) return html``;
  return html`<section>
<h2>Models</h2>
<div class="scroll"><table>
<thead><tr><th>Stage</th><th>Model</th><th>Engine</th><th class="number">Rows</th><th class="number">Tokens in</th><th class="number">of them cached</th><th class="number">Tokens out</th><th class="number">Cost</th></tr></thead>
<tbody>
${models.map(
  ({
    stage,
    model,
    infer: { engine, rows, promptTokens, cachedTokens, outputTokens, costUsd },
  }) => html`<tr><td>${stage}</td><td class="text">${model}</td><td class="text">${engine}</td><td class="number">${renderCount(rows)}</td><td class="number">${renderCount(promptTokens)}</td><td class="number">${renderKnown(cachedTokens, renderCount)}</td><td class="number">${renderCount(outputTokens)}</td><td class="number">${renderKnown(costUsd, renderUsd)}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
};

const renderKnown = (value: number | undefined, render: (value: number) => string): string =>
  value === undefined ? '' : render(value);
