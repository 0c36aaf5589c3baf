/** Draws the charts of a report into its page, from the JSON that the page carries. The tables need none of this. */
import { BarChart, CustomChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomSliderComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { type PackedCharts, unpackCharts } from '../packed-tasks.ts';
import type { Charts } from '../report-page.ts';
import { drawFlow, flowHeight } from './draw-flow.ts';
import { drawShuffle } from './draw-shuffle.ts';
import { drawTasks } from './draw-tasks.ts';
import { drawTimeline, timelineHeight } from './draw-timeline.ts';
import { readTheme, type Theme } from './theme.ts';

use([
  BarChart,
  CustomChart,
  ScatterChart,
  DataZoomSliderComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  CanvasRenderer,
]);

/** As the style sheet has it. */
const NARROW_PIXELS = 640;

const SHUFFLE_PIXELS = 210;
const TASKS_PIXELS = 300;

type Drawing = {
  readonly id: string;
  readonly height: () => number;
  readonly option: (theme: Theme, isNarrow: boolean) => Readonly<Record<string, unknown>>;
};

const drawingsOf = (charts: Charts): readonly Drawing[] => [
  {
    id: 'timeline',
    height: () => timelineHeight(charts),
    option: (theme, isNarrow) => drawTimeline(charts, theme, isNarrow),
  },
  {
    id: 'flow',
    height: () => flowHeight(charts),
    option: (theme, isNarrow) => drawFlow(charts, theme, isNarrow),
  },
  ...charts.shuffles.map((shuffle, index) => ({
    id: `shuffle${index}`,
    height: () => SHUFFLE_PIXELS,
    option: (theme: Theme, isNarrow: boolean) => drawShuffle(charts, shuffle, { theme, isNarrow }),
  })),
  {
    id: 'tasks',
    height: () => TASKS_PIXELS,
    option: (theme, isNarrow) => drawTasks(charts, theme, isNarrow),
  },
];

/** Shows a chart in its place, and draws it again where the width or the colour scheme changes. */
const show = ({ id, height, option }: Drawing): void => {
  const place = document.getElementById(id);
  if (place === null) return;
  place.hidden = false;
  const chart = init(place);
  const draw = (): void => {
    const isNarrow = window.innerWidth < NARROW_PIXELS;
    place.style.height = `${height()}px`;
    chart.resize();
    chart.setOption(option(readTheme(), isNarrow), { notMerge: true });
  };
  draw();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
};

const data = document.getElementById('daybreak-charts')?.textContent;
// The page was written by the version of Daybreak that wrote this script.
if (data !== undefined && data !== null)
  drawingsOf(unpackCharts(JSON.parse(data) as PackedCharts)).forEach(show);
