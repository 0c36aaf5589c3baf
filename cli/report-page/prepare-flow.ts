import type { Report, StageReport } from '../../functions/contract/report.ts';
import type { Flow, FlowKind, FlowLink, FlowNode, FlowPlace } from './report-page.ts';

const EXITS = ['rejected', 'dropped', 'folded', 'cut'] as const;

const NONE = { grown: 0, dropped: 0, folded: 0, cut: 0, rejected: 0 };

/** Where the rows went, place by place in their order: the reader of each stage, then its steps. */
export const prepareFlowPlaces = (stages: Report['stages']): readonly FlowPlace[] => stages.flatMap(placesOf);

const placesOf = (report: StageReport): readonly FlowPlace[] => {
  const { stage, counts } = report;
  const { read, rejected } = counts;
  const reader = { ...NONE, stage, place: 'read', rowsIn: read, rejected, rowsOut: read - rejected };
  const places: FlowPlace[] = [reader];
  let rows = reader.rowsOut;
  for (const { step, kind, ...moved } of report.steps) {
    const rowsIn = rows;
    rows += moved.grown - moved.dropped - moved.folded - moved.cut;
    places.push({ ...NONE, stage, place: `${step + 1}. ${kind}`, rowsIn, ...moved, rowsOut: rows });
  }
  if (rows !== counts.written) places.push(unattributed(report, rows));
  return places;
};

/** Commits need not say what each step did; the stage's own counts then say it for all steps at once. */
const unattributed = ({ stage, counts, steps }: StageReport, rowsIn: number): FlowPlace => {
  const rest = { grown: counts.grown, dropped: counts.dropped, folded: counts.folded, cut: counts.cut };
  for (const step of steps) {
    rest.grown -= step.grown;
    rest.dropped -= step.dropped;
    rest.folded -= step.folded;
    rest.cut -= step.cut;
  }
  return { ...NONE, stage, place: 'all steps', rowsIn, ...rest, rowsOut: counts.written };
};

/**
 * The places as a graph: rows go on from place to place, and leave or come at the place that counted them. Places
 * that move no row are passed over. Law: at every place what comes in is what goes out.
 */
export const prepareFlow = (places: readonly FlowPlace[]): Flow => {
  const nodes: FlowNode[] = [];
  const links: FlowLink[] = [];
  const add = (id: string, label: string, kind: FlowKind): string => {
    nodes.push({ id, label, kind });
    return id;
  };
  const connect = (from: string, to: string, link: Pick<FlowLink, 'rows' | 'kind'>): void => {
    if (link.rows > 0) links.push({ from, to, ...link });
  };
  let last: string | undefined;
  let rows = 0;
  for (const [index, place] of places.entries()) {
    const isReader = place.place === 'read';
    if (!isReader && EXITS.every((exit) => place[exit] === 0) && place.grown === 0) continue;
    const here = add(`p${index}`, isReader ? place.stage : place.place, 'kept');
    if (last !== undefined) connect(last, here, { rows: place.rowsIn, kind: 'kept' });
    if (place.grown > 0) {
      connect(add(`g${index}`, 'grown', 'grown'), here, { rows: place.grown, kind: 'grown' });
    }
    for (const exit of EXITS) {
      if (place[exit] > 0)
        connect(here, add(`${exit}${index}`, exit, exit), { rows: place[exit], kind: exit });
    }
    [last, rows] = [here, place.rowsOut];
  }
  if (last !== undefined && rows > 0)
    connect(last, add('written', 'written', 'kept'), { rows, kind: 'kept' });
  const used = new Set(links.flatMap(({ from, to }) => [from, to]));
  return { nodes: nodes.filter(({ id }) => used.has(id)), links };
};
