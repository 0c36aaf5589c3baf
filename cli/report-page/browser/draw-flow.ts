import { renderCount } from '../../../functions/core/render-units.ts';
import { type Charts, FLOW_KINDS, type FlowPlace } from '../report-page.ts';
import { axisText, plain, type Theme, tooltipOf } from './theme.ts';

const ROW_PIXELS = 26;
const FRAME_PIXELS = 66;

export const flowHeight = ({ flow }: Charts): number => flow.length * ROW_PIXELS + FRAME_PIXELS;

const rowsAt = (place: FlowPlace, kind: (typeof FLOW_KINDS)[number]): number =>
  kind === 'kept' ? place.rowsOut : place[kind];

/** The kinds of rows at a place, with what they are, most first. */
const movesOf = (place: FlowPlace, render: (rows: number) => string = renderCount): readonly string[] =>
  (['grown', 'dropped', 'folded', 'cut', 'rejected'] as const)
    .filter((kind) => place[kind] > 0)
    .sort((left, right) => place[right] - place[left])
    .map((kind) => `${kind === 'grown' ? '+' : '\u2212'}${render(place[kind])} ${kind}`);

/** What stands behind a bar: at a reader what came in, and everywhere what moved. */
const labelOf = (place: FlowPlace, isNarrow: boolean): string => {
  // Where there is little room for them, round numbers: the table below has all digits.
  if (isNarrow) return movesOf(place, renderRound)[0] ?? `${renderRound(place.rowsIn)} rows`;
  const moves = movesOf(place);
  const isReader = place.place === 'read';
  return [...(isReader ? [`${renderCount(place.rowsIn)} rows`] : []), ...moves].join(', ');
};

/** `steps[3] group_by` becomes `[3] group_by`. */
const shorten = (place: string, isNarrow: boolean): string =>
  isNarrow ? place.replace(/^steps(?=\[)/, '') : place;

/** A waterfall: each bar is as long as the part of the bar above it that was kept. */
export const drawFlow = ({ flow }: Charts, theme: Theme, isNarrow: boolean) => {
  const kinds = FLOW_KINDS.filter((kind) => flow.some((place) => rowsAt(place, kind) > 0));
  const names = flow.map(({ stage, place }) => (place === 'read' ? stage : shorten(place, isNarrow)));
  return {
    animation: false,
    grid: { left: isNarrow ? 92 : 140, right: isNarrow ? 108 : 190, top: 34, bottom: 28 },
    legend: {
      top: 2,
      left: 'center',
      itemWidth: 10,
      itemHeight: 10,
      itemGap: isNarrow ? 8 : 14,
      selectedMode: false,
      data: [...kinds],
      textStyle: axisText(theme),
    },
    tooltip: {
      ...tooltipOf(theme),
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: theme.runner, opacity: 0.12 } },
      formatter: ([item]: readonly { readonly dataIndex: number }[]) => {
        const place = flow[item?.dataIndex ?? 0];
        if (place === undefined) return '';
        const lines = [
          `${place.stage}  ${place.place}`,
          `${renderCount(place.rowsIn)} rows in`,
          ...movesOf(place),
          `${renderCount(place.rowsOut)} rows out`,
        ];
        return plain(lines.join('\n'));
      },
    },
    xAxis: {
      type: 'value',
      max: 'dataMax',
      axisLabel: { ...axisText(theme), hideOverlap: true, showMaxLabel: false, formatter: renderRound },
      splitNumber: isNarrow ? 2 : 5,
      splitLine: { lineStyle: { color: theme.grid } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: names,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.line } },
      axisLabel: {
        ...axisText(theme),
        interval: 0,
        width: isNarrow ? 84 : 132,
        overflow: 'truncate',
        formatter: (name: string, index: number) =>
          flow[index]?.place === 'read' ? `{stage|${plain(name)}}` : plain(name),
        rich: { stage: { color: theme.ink, fontSize: 11, fontWeight: 600, fontFamily: theme.font } },
      },
    },
    series: [
      ...kinds.map((kind) => ({
        type: 'bar',
        name: kind,
        stack: 'rows',
        barWidth: 14,
        itemStyle: { color: theme.flow[kind] ?? theme.ink },
        data: flow.map((place) => rowsAt(place, kind)),
      })),
      {
        type: 'bar',
        name: 'label',
        stack: 'rows',
        silent: true,
        label: {
          show: true,
          position: 'right',
          distance: 6,
          ...axisText(theme),
          formatter: ({ dataIndex }: { readonly dataIndex: number }) => {
            const place = flow[dataIndex];
            return place === undefined ? '' : plain(labelOf(place, isNarrow));
          },
        },
        data: flow.map(() => 0),
      },
    ],
  };
};

const ROUND_UNITS = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** 2500000 becomes `2.5 M`: ticks of an axis are round. */
const renderRound = (rows: number): string => {
  const [size, unit] = ROUND_UNITS.find(([least]) => rows >= least) ?? [1, ''];
  return `${Number((rows / size).toFixed(1))}${unit === '' ? '' : ` ${unit}`}`;
};
