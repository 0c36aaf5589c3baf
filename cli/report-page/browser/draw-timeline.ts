import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts';
import { graphic } from 'echarts/core';
import { renderBytes, renderCount } from '../../../functions/core/render-units.ts';
import { renderDuration } from '../render-duration.ts';
import type { Charts } from '../report-page.ts';
import { axisText, plain, stageColour, type Theme, tooltipOf } from './theme.ts';

/** Above this many bars one looks closer at a part of them. */
const ZOOM_FROM_BARS = 60;

const MOST_PIXELS = 900;
const FRAME_PIXELS = 64;
const ZOOM_PIXELS = 34;

/** Rows get lower as they get more, down to a hairline. */
const rowPixels = (lanes: number): number => Math.max(3, Math.min(26, (MOST_PIXELS - FRAME_PIXELS) / lanes));

const hasZoom = ({ timeline }: Charts): boolean => timeline.bars.length > ZOOM_FROM_BARS;

export const timelineHeight = (charts: Charts): number => {
  const rows = charts.timeline.lanes.length;
  return Math.round(
    Math.max(rows * rowPixels(rows), 44) + FRAME_PIXELS + (hasZoom(charts) ? ZOOM_PIXELS : 0),
  );
};

/** Of a Cartesian system, where `size` is always there and answers in two dimensions. */
const rowHeight = (api: CustomSeriesRenderItemAPI): number => {
  const size = api.size?.([0, 1]);
  return Array.isArray(size) ? (size[1] ?? 0) : 0;
};

/** A bar between two instants in one row, no narrower than a pixel and cut at the frame. */
const renderBar = (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
  const [left = 0, middle = 0] = api.coord([api.value(1), api.value(0)]);
  const [right = 0] = api.coord([api.value(2), api.value(0)]);
  const row = rowHeight(api);
  const height = Math.max(2, row * 0.72);
  const frame = params.coordSys as unknown as { x: number; y: number; width: number; height: number };
  const bar = { x: left, y: middle - height / 2, width: Math.max(1, right - left), height };
  const shape = graphic.clipRectByRect(bar, frame);
  if (shape === undefined) return null;
  const style = { fill: String(api.visual('color')) };
  return { type: 'rect' as const, shape: { ...shape, r: height > 6 ? 1.5 : 0 }, style };
};

const describeTask = ({ tasks, stages }: Charts, index: number): string => {
  const task = tasks[index];
  if (task === undefined) return '';
  return [
    `${stages[task.stage]}  ${task.task}${task.isVoid ? '  (void)' : ''}`,
    `${renderDuration((task.endMs - task.startMs) / 1000)} from ${renderDuration(task.startMs / 1000)}`,
    `read ${renderBytes(task.bytesRead)}, ${renderCount(task.rowsRead)} rows`,
    `wrote ${renderBytes(task.bytesWritten)}, ${renderCount(task.rowsWritten)} rows`,
    ...(task.rejected > 0 ? [`rejected ${renderCount(task.rejected)} rows`] : []),
  ].join('\n');
};

export const drawTimeline = (charts: Charts, theme: Theme, isNarrow: boolean) => {
  const { timeline, tasks } = charts;
  const isZoomed = hasZoom(charts);
  const spans = timeline.spans.map(({ label, startMs, endMs }) => ({
    name: label,
    value: [0, startMs, endMs],
    itemStyle: { color: theme.runner },
  }));
  const bars = timeline.bars.map(([lane, startMs, endMs, index]) => {
    const task = tasks[index];
    return {
      value: [lane, startMs, endMs, index],
      itemStyle: {
        color: stageColour(theme, task?.stage ?? 0),
        opacity: task?.isVoid === true ? 0.35 : 0.92,
      },
    };
  });
  return {
    animation: false,
    grid: { left: isNarrow ? 64 : 96, right: 16, top: 12, bottom: 30 + (isZoomed ? ZOOM_PIXELS : 0) },
    tooltip: {
      ...tooltipOf(theme),
      formatter: (item: { readonly name: string; readonly value: readonly number[] }) => {
        const [, startMs = 0, endMs = 0, index] = item.value;
        return index === undefined
          ? plain(`${item.name}\n${renderDuration((endMs - startMs) / 1000)}`)
          : plain(describeTask(charts, index));
      },
    },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.max(timeline.endMs, 1),
      axisLabel: {
        ...axisText(theme),
        hideOverlap: true,
        showMaxLabel: false,
        formatter: (ms: number) => renderDuration(ms / 1000),
      },
      splitLine: { lineStyle: { color: theme.grid } },
    },
    yAxis: {
      type: 'category',
      data: [...timeline.lanes],
      inverse: true,
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: {
        ...axisText(theme),
        width: isNarrow ? 56 : 88,
        overflow: 'truncate',
        formatter: (lane: string) => plain(lane),
      },
    },
    dataZoom: isZoomed
      ? [
          {
            type: 'slider',
            height: 14,
            bottom: 8,
            filterMode: 'none',
            showDetail: false,
            showDataShadow: false,
            brushSelect: false,
            borderColor: 'transparent',
            backgroundColor: 'transparent',
            fillerColor: theme.grid,
            handleStyle: { color: theme.card, borderColor: theme.runner },
            moveHandleSize: 0,
          },
        ]
      : [],
    // Drawn at once: in parts, bars that came later would not answer to the pointer.
    series: [
      {
        type: 'custom',
        progressive: 0,
        renderItem: renderBar,
        encode: { x: [1, 2], y: 0 },
        data: [...spans, ...bars],
      },
    ],
  };
};
