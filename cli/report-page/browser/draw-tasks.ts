import { renderBytes, renderCount } from '../../../functions/core/render-units.ts';
import { renderDuration } from '../render-duration.ts';
import type { Charts } from '../report-page.ts';
import { axisText, plain, stageColour, type Theme, tooltipOf } from './theme.ts';

/** Time over bytes: tasks on a line through the origin are slow by their data, tasks above it are not. */
export const drawTasks = ({ tasks, stages }: Charts, theme: Theme, isNarrow: boolean) => ({
  animation: false,
  grid: { left: isNarrow ? 48 : 60, right: 24, top: stages.length > 1 ? 40 : 16, bottom: 44 },
  legend: {
    show: stages.length > 1,
    top: 4,
    left: 'center',
    itemWidth: 10,
    itemHeight: 10,
    icon: 'circle',
    textStyle: axisText(theme),
  },
  tooltip: {
    ...tooltipOf(theme),
    formatter: ({ value }: { readonly value: readonly number[] }) => {
      const task = tasks[value[2] ?? 0];
      if (task === undefined) return '';
      return plain(
        [
          `${stages[task.stage]}  ${task.task}`,
          `${renderDuration((task.endMs - task.startMs) / 1000)} for ${renderBytes(task.bytesRead)}`,
          `${renderCount(task.rowsRead)} rows read, ${renderCount(task.rowsWritten)} written`,
        ].join('\n'),
      );
    },
  },
  xAxis: {
    type: 'value',
    name: 'bytes read',
    nameLocation: 'middle',
    nameGap: 26,
    nameTextStyle: axisText(theme),
    min: 0,
    axisLabel: { ...axisText(theme), hideOverlap: true, formatter: renderBytes },
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: theme.grid } },
  },
  yAxis: {
    type: 'value',
    min: 0,
    axisLabel: { ...axisText(theme), formatter: renderDuration },
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: theme.grid } },
  },
  series: stages.map((stage, index) => ({
    type: 'scatter',
    progressive: 0,
    name: stage,
    symbolSize: tasks.length > 500 ? 4 : 8,
    itemStyle: { color: stageColour(theme, index), opacity: 0.75 },
    data: tasks.flatMap((task, position) =>
      task.stage === index && !task.isVoid
        ? [[task.bytesRead, (task.endMs - task.startMs) / 1000, position]]
        : [],
    ),
  })),
});
