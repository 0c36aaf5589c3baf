import { renderBytes, renderCount, renderRows } from '../../functions/core/render-units.ts';
import { type Html, html } from './html.ts';
import { renderDuration } from './render-duration.ts';
import type { Shuffle, SlowTask, StageSummary } from './report-page.ts';

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const ratio = (value: number): string => `${value.toFixed(1)}x`;

export const renderStages = (stages: readonly StageSummary[]): Html => html`<div class="scroll"><table>
<thead><tr><th>Stage</th><th class="number">Tasks</th><th class="number">Workers</th><th class="number">Time</th><th class="number">Expected</th><th class="number">Busy</th><th class="number">Median task</th><th class="number">Slowest</th><th class="number">Read</th><th class="number">Written</th></tr></thead>
<tbody>
${stages.map(
  (
    stage,
    index,
  ) => html`<tr><td><i class="key stage${index % 6}"></i>${stage.stage}</td><td class="number">${renderCount(stage.tasks)}${
    stage.adopted === 0 ? '' : html` <small>(${renderCount(stage.adopted)} taken over)</small>`
  }</td><td class="number">${renderCount(stage.workers)}</td><td class="number">${renderDuration(stage.seconds)}</td><td class="number">${stage.expectedSeconds === undefined ? '' : renderDuration(stage.expectedSeconds)}</td><td class="number">${percent(stage.busyShare)}</td><td class="number">${renderDuration(stage.medianSeconds)}</td><td class="number">${renderDuration(stage.slowestSeconds)}</td><td class="number">${renderBytes(stage.bytesRead)}</td><td class="number">${renderBytes(stage.bytesWritten)}</td></tr>
`,
)}</tbody>
</table></div>`;

export const renderShuffles = (shuffles: readonly Shuffle[]): Html =>
  shuffles.length === 0
    ? html``
    : html`<section>
<h2>Partitions</h2>
<p class="about">What each stage handed on, by partition, summed over its tasks. Equal keys meet in one partition: one far above the line is a hot key.</p>
${shuffles.map(renderShuffle)}</section>`;

const renderShuffle = (shuffle: Shuffle, index: number): Html => html`<h3>${shuffle.stage}</h3>
${
  shuffle.partitions === 1
    ? ''
    : html`<div class="chart shuffle" id="shuffle${index}" role="img" aria-label="Sizes of ${shuffle.partitions} partitions; the line below has the numbers" hidden></div>`
}
<p class="numbers">${describeShuffle(shuffle)}</p>
`;

const describeShuffle = (shuffle: Shuffle): string => {
  const { partitions, tasks, bytes, rows, medianBytes, largest, partitionsPerBar } = shuffle;
  const whole = `${renderBytes(bytes)} and ${renderRows(rows)}`;
  const from = `${renderCount(tasks)} ${tasks === 1 ? 'task' : 'tasks'}`;
  if (partitions === 1) return `One partition from ${from}, ${whole}.`;
  const ofMedian = medianBytes > 0 ? `, ${ratio(largest.bytes / medianBytes)} the median` : '';
  const bars = partitionsPerBar > 1 ? ` A bar is the largest of ${partitionsPerBar} neighbours.` : '';
  return `${renderCount(partitions)} partitions from ${from}, ${whole}. Median ${renderBytes(medianBytes)}; the largest, partition ${renderCount(largest.partition)}, has ${renderBytes(largest.bytes)} and ${renderRows(largest.rows)}${ofMedian}.${bars}`;
};

export const renderSlowTasks = (slow: readonly SlowTask[]): Html => html`<section>
<h2>Slowest tasks</h2>
<p class="about">Each against the median of its stage. Where bytes or rows are as many times the median as the time is, the data is the reason.</p>
<div class="chart" id="tasks" role="img" aria-label="Time of each task over the bytes that it read; the table below has the slowest" hidden></div>
<div class="scroll"><table>
<thead><tr><th>Task</th><th class="number">Time</th><th class="number">of median</th><th>Why</th><th class="number">Read</th><th class="number">of median</th><th class="number">Rows</th><th class="number">of median</th><th>Worker</th></tr></thead>
<tbody>
${slow.map(
  (
    task,
  ) => html`<tr><td>${task.stage} <b>${task.task}</b></td><td class="number">${renderDuration(task.seconds)}</td><td class="number">${ratio(task.ratio)}</td><td class="text">${task.why}</td><td class="number">${renderBytes(task.bytesRead)}</td><td class="number">${ratio(task.bytesRatio)}</td><td class="number">${renderCount(task.rowsRead)}</td><td class="number">${ratio(task.rowsRatio)}</td><td>${task.worker}</td></tr>
`,
)}</tbody>
</table></div>
</section>`;
