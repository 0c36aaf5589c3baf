import { renderBytes, renderCount } from '../../../functions/core/render-units.ts';
import type { Charts, Shuffle } from '../report-page.ts';
import { axisText, stageColour, type Theme, tooltipOf } from './theme.ts';

/** A partition this many times the median stands out in colour. */
const HOT_RATIO = 3;

export const drawShuffle = (
  { stages }: Charts,
  shuffle: Shuffle,
  { theme, isNarrow }: { readonly theme: Theme; readonly isNarrow: boolean },
) => {
  const colour = stageColour(theme, stages.indexOf(shuffle.stage));
  const { bars, partitionsPerBar, medianBytes } = shuffle;
  const first = (bar: number): number => bar * partitionsPerBar;
  return {
    animation: false,
    grid: { left: isNarrow ? 52 : 64, right: 16, top: 16, bottom: 28 },
    tooltip: {
      ...tooltipOf(theme),
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: theme.runner, opacity: 0.15 } },
      formatter: ([item]: readonly { readonly dataIndex: number }[]) => {
        const bar = item?.dataIndex ?? 0;
        const [bytes = 0, rows = 0] = bars[bar] ?? [];
        const name =
          partitionsPerBar === 1
            ? `partition ${bar}`
            : `largest of partitions ${first(bar)} to ${Math.min(first(bar + 1), shuffle.partitions) - 1}`;
        return `${name}\n${renderBytes(bytes)}\n${renderCount(rows)} rows`;
      },
    },
    xAxis: {
      type: 'category',
      data: bars.map((_, bar) => first(bar)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.line } },
      axisLabel: { ...axisText(theme), hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      axisLabel: { ...axisText(theme), formatter: renderBytes },
      splitNumber: 4,
      // Room for the name of the line.
      boundaryGap: [0, '14%'],
      splitLine: { lineStyle: { color: theme.grid } },
    },
    series: [
      {
        type: 'bar',
        barCategoryGap: bars.length > 120 ? '0%' : '22%',
        barMaxWidth: 28,
        data: bars.map(([bytes]) => ({
          value: bytes,
          itemStyle: { color: bytes > medianBytes * HOT_RATIO ? theme.flow.rejected : colour },
        })),
        markLine: {
          silent: true,
          symbol: 'none',
          animation: false,
          lineStyle: { color: theme.ink, type: 'dashed', width: 1, opacity: 0.6 },
          label: { position: 'insideEndTop', formatter: 'median', ...axisText(theme) },
          data: [{ yAxis: medianBytes }],
        },
      },
    ],
  };
};
