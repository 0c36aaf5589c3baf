import { renderCost, renderSpeed } from '../../functions/core/render-tokens.ts';
import { renderCount } from '../../functions/core/render-units.ts';
import { type Html, html } from './html.ts';
import type { ModelUse } from './report-page.ts';

/** What each stage with a model did; nothing where there is none. */
export const renderModels = (models: readonly ModelUse[]): Html => {
  if (models.length === 0) return html``;
  return html`<section>
<h2>Models</h2>
<div class="scroll"><table>
<thead><tr><th>Stage</th><th>Model</th><th>Engine</th><th class="number">Rows</th><th class="number">Tokens in</th><th class="number">of them cached</th><th class="number">Tokens out</th><th class="number">Tokens/s</th><th class="number">Cost</th></tr></thead>
<tbody>
${models.map(
  ({
    stage,
    infer,
  }) => html`<tr><td>${stage}</td><td class="text">${infer.model}</td><td class="text">${infer.engines.join(', ')}</td><td class="number">${renderCount(infer.rows)}</td><td class="number">${renderCount(infer.promptTokens)}</td><td class="number">${infer.cachedTokens === undefined ? '' : renderCount(infer.cachedTokens)}</td><td class="number">${renderCount(infer.outputTokens)}</td><td class="number">${renderSpeed(infer)}</td><td class="number">${infer.costUsd === undefined ? '' : renderCost(infer.costUsd)}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
};
