import { renderCount } from '../../functions/core/render-units.ts';
import { type Html, html } from './html.ts';
import type { FlowPlace } from './report-page.ts';

const COLUMNS = ['grown', 'dropped', 'folded', 'cut', 'rejected'] as const;

const BAR_WIDTH = 120;

/** Where the rows went, drawn and as a table; columns in which no row moved are left out. */
export const renderFlow = (places: readonly FlowPlace[]): Html => {
  const columns = COLUMNS.filter((column) => places.some((place) => place[column] > 0));
  return html`<section>
<h2>Rows</h2>
<p class="about">Every row that was read is written, or counted where it left: dropped by a filter, folded into a group, cut by a limit, rejected with its cause.</p>
<div class="chart" id="flow" role="img" aria-label="Flow of rows; the table below has the numbers" hidden></div>
<div class="scroll"><table>
<thead><tr><th>Stage</th><th>Step</th><th class="number">Rows in</th>${columns.map(
    (column) => html`<th class="number">${column}</th>`,
  )}<th class="number">Rows out</th><th class="wide">What became of them</th></tr></thead>
<tbody>
${places.map(
  (
    place,
    index,
  ) => html`<tr><td>${place.stage === places[index - 1]?.stage ? '' : place.stage}</td><td>${place.place}</td><td class="number">${renderCount(place.rowsIn)}</td>${columns.map(
    (column) => html`<td class="number">${place[column] === 0 ? '' : renderCount(place[column])}</td>`,
  )}<td class="number">${renderCount(place.rowsOut)}</td><td class="wide">${renderShares(place)}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
};

/** The place's rows as one bar, by what became of them. Attributes of SVG, for a style would need the policy's leave. */
const renderShares = (place: FlowPlace): Html => {
  const parts = [
    ['kept', place.rowsOut],
    ['dropped', place.dropped],
    ['folded', place.folded],
    ['cut', place.cut],
    ['rejected', place.rejected],
  ] as const;
  const whole = parts.reduce((sum, [, rows]) => sum + rows, 0);
  let x = 0;
  const rects = parts.flatMap(([kind, rows]) => {
    if (rows === 0) return [];
    const width = (BAR_WIDTH * rows) / whole;
    const rect = html`<rect class="${kind}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="10"><title>${kind}: ${renderCount(rows)}</title></rect>`;
    x += width;
    return [rect];
  });
  return html`<svg class="shares" viewBox="0 0 ${BAR_WIDTH} 10" width="${BAR_WIDTH}" height="10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`;
};
