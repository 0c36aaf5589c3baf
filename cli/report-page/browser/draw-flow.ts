import { renderCount } from '../../render-units.ts';
import type { Charts, Flow, FlowKind } from '../report-page.ts';
import { plain, type Theme, tooltipOf } from './theme.ts';

type Item = {
  readonly dataType: 'node' | 'edge';
  readonly name: string;
  readonly value: number;
  readonly data: { readonly kind: FlowKind; readonly label?: { readonly formatter: string } };
};

/** Rows through each node: what comes in, or at the sources what goes out. */
const rowsThrough = ({ nodes, links }: Flow): ReadonlyMap<string, number> => {
  const sum = (end: 'from' | 'to', id: string): number =>
    links.reduce((rows, link) => (link[end] === id ? rows + link.rows : rows), 0);
  return new Map(nodes.map(({ id }) => [id, Math.max(sum('from', id), sum('to', id))]));
};

/** As a river from left to right; on a narrow screen from top to bottom. */
export const drawFlow = ({ flow }: Charts, theme: Theme, isNarrow: boolean) => {
  const labels = new Map(flow.nodes.map(({ id, label }) => [id, label]));
  const rowsOf = rowsThrough(flow);
  const nameOf = (id: string): string => plain(labels.get(id) ?? '');
  return {
    animation: false,
    tooltip: {
      ...tooltipOf(theme),
      formatter: ({ dataType, name, value, data }: Item) =>
        dataType === 'edge'
          ? `${data.kind}: ${renderCount(value)} rows`
          : `${nameOf(name)}: ${renderCount(value)} rows`,
    },
    series: [
      {
        type: 'sankey',
        orient: isNarrow ? 'vertical' : 'horizontal',
        left: isNarrow ? 12 : 12,
        right: isNarrow ? 12 : 110,
        top: 16,
        bottom: isNarrow ? 40 : 16,
        nodeWidth: 10,
        nodeGap: isNarrow ? 18 : 22,
        nodeAlign: 'left',
        layoutIterations: 0,
        draggable: false,
        emphasis: { focus: 'adjacency' },
        label: {
          color: theme.ink,
          fontSize: isNarrow ? 10 : 12,
          fontFamily: theme.font,
          lineHeight: isNarrow ? 13 : 15,
          formatter: ({ name }: { readonly name: string }) =>
            `${nameOf(name)}\n${renderCount(rowsOf.get(name) ?? 0)}`,
        },
        lineStyle: { curveness: 0.5, opacity: 0.45 },
        data: flow.nodes.map(({ id, kind }) => ({
          name: id,
          kind,
          itemStyle: { color: theme.flow[kind] ?? theme.ink, borderWidth: 0 },
        })),
        links: flow.links.map(({ from, to, rows, kind }) => ({
          source: from,
          target: to,
          value: rows,
          kind,
          lineStyle: { color: theme.flow[kind] ?? theme.muted },
        })),
      },
    ],
  };
};
