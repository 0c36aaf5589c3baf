import { createHash } from 'node:crypto';
import { type Html, html, renderJson } from './html.ts';
import { packCharts } from './packed-tasks.ts';
import { renderAttempts } from './render-attempts.ts';
import { renderFlow } from './render-flow.ts';
import { renderInput, renderOutput, renderPlan, renderRejects } from './render-plan.ts';
import { renderShuffles, renderSlowTasks, renderStages } from './render-tasks.ts';
import type { Fact, ReportPage } from './report-page.ts';

/** The script that draws, and the style sheet: texts of the built package. */
export type PageAssets = { readonly script: string; readonly style: string };

/** The element that the script reads what it draws from. */
export const DATA_ID = 'daybreak-charts';

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 11a6 6 0 0 1 12 0z' fill='%23e0a030'/%3E%3Cpath d='M0 13h16' stroke='%232f5d8a' stroke-width='2'/%3E%3C/svg%3E";

/**
 * The page of a report: one file that asks for nothing else. Its policy lets this script and this style run, by
 * their hashes, and nothing more; every text of the job is escaped, and the tables need no script.
 */
export const renderPage = (page: ReportPage, assets: PageAssets): string => {
  requireInline(assets.script, /<\/script|<!--|<script|\r/i);
  requireInline(assets.style, /<\/style|<!--|\r/i);
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(assets.script)}'`,
    `style-src '${hashOf(assets.style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const head = html`<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${page.name}: ${page.outcome} - Daybreak</title>
<link rel="icon" href="${ICON}">
`;
  // Data and code are no markup of a template: both were made safe for their elements above.
  return `<!doctype html>
<html lang="en">
<head>
${head.markup}<style>${assets.style}</style>
</head>
<body>
${renderBody(page).markup}
<script type="application/json" id="${DATA_ID}">${renderJson(packCharts(page.charts))}</script>
<script>${assets.script}</script>
</body>
</html>
`;
};

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

/** A mistake of the build: an element would end early, or the browser would hash another text. */
const requireInline = (text: string, forbidden: RegExp): void => {
  const found = forbidden.exec(text);
  if (found !== null) throw new Error(`the page's script or style holds ${JSON.stringify(found[0])}`);
};

const renderBody = (page: ReportPage): Html => html`<main>
${renderHeader(page)}
${page.failure === undefined ? '' : renderFailure(page.failure)}
${renderFacts(page.facts)}
${page.charts.tasks.length === 0 ? '' : renderTimeline(page)}
${page.flowPlaces.length === 0 ? '' : renderFlow(page.flowPlaces)}
${renderRejects(page)}
${renderAttempts(page)}
${renderShuffles(page.charts.shuffles)}
${page.slow.length === 0 ? '' : renderSlowTasks(page.slow)}
${page.plan.length === 0 ? '' : renderPlan(page.plan)}
${renderInput(page.input)}
${renderOutput(page)}
<section>
<h2>Spec</h2>
<pre><code>${page.spec}</code></pre>
</section>
<footer>
<dl>${page.versions.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
</footer>
</main>`;

const renderHeader = ({ name, job, outcome, sentence, deadline }: ReportPage): Html => html`<header>
<p class="brand">Daybreak <span>report of a job</span></p>
<h1>${name} <span class="outcome ${outcome}">${outcome}</span></h1>
<p class="sentence">${sentence}</p>
${deadline === undefined ? '' : html`<p class="deadline">${deadline}</p>`}
<p class="id"><code>${job}</code></p>
</header>`;

const renderFailure = ({
  name,
  message,
  remedy,
}: NonNullable<ReportPage['failure']>): Html => html`<section class="failure" role="alert">
<h2>${name}</h2>
<p>${message}</p>
${remedy === '' ? '' : html`<p class="remedy">${remedy}</p>`}
</section>`;

const renderFacts = (facts: readonly Fact[]): Html => html`<dl class="facts">
${facts.map(
  ({ label, value, note }) =>
    html`<div><dt>${label}</dt><dd>${value}${note === undefined ? '' : html` <small>${note}</small>`}</dd></div>
`,
)}</dl>`;

const renderTimeline = (page: ReportPage): Html => html`<section>
<h2>Timeline</h2>
<p class="about">A bar is a task, a row is a worker, a colour is a stage. Above them what the runner did alone: planning, sealing, publishing.</p>
<div class="chart" id="timeline" role="img" aria-label="Timeline of ${page.charts.tasks.length} tasks; the table below has the stages in numbers" hidden></div>
${renderStages(page.stages)}
</section>`;
