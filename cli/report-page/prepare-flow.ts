import type { Report, StageReport } from '../../functions/contract/report.ts';
import { nameStep } from '../../functions/core/name-step.ts';
import type { FlowPlace } from './report-page.ts';

const EXITS = ['rejected', 'dropped', 'folded', 'cut'] as const;

/** The name of the place where a stage's rows come in. */
const READER = 'read';

const NONE = { grown: 0, dropped: 0, folded: 0, cut: 0, rejected: 0 };

/** Where the rows went, place by place in their order: the reader of each stage, then its steps. */
export const prepareFlowPlaces = (stages: Report['stages']): readonly FlowPlace[] => stages.flatMap(placesOf);

const placesOf = (report: StageReport): readonly FlowPlace[] => {
  const { stage, counts } = report;
  const { read } = counts;
  // What the reader rejected; what functions of users did stands at their steps.
  const rejected = report.steps.reduce((rows, step) => rows - (step.rejected ?? 0), counts.rejected);
  const reader = { ...NONE, stage, place: READER, rowsIn: read, rejected, rowsOut: read - rejected };
  const places: FlowPlace[] = [reader];
  let rows = reader.rowsOut;
  for (const { step, kind, rejected: ofStep = 0, ...counted } of report.steps) {
    const rowsIn = rows;
    const moved = { ...counted, rejected: ofStep };
    rows += moved.grown - moved.dropped - moved.folded - moved.cut - moved.rejected;
    places.push({ ...NONE, stage, place: nameStep({ step, kind }), rowsIn, ...moved, rowsOut: rows });
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

/** The places worth a bar: each reader, and the steps that moved a row. */
export const placesToDraw = (places: readonly FlowPlace[]): readonly FlowPlace[] =>
  places.filter(
    (place) => place.place === READER || place.grown > 0 || EXITS.some((exit) => place[exit] > 0),
  );
