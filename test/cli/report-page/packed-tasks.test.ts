import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packCharts, unpackCharts } from '../../../cli/report-page/packed-tasks.ts';

const task = fc.record({
  stage: fc.nat(5),
  task: fc.stringMatching(/^[0-9]{6}$/),
  worker: fc.option(fc.string(), { nil: undefined }),
  startMs: fc.nat(),
  endMs: fc.nat(),
  bytesRead: fc.nat(),
  bytesWritten: fc.nat(),
  rowsRead: fc.nat(),
  rowsWritten: fc.nat(),
  rejected: fc.nat(),
  isVoid: fc.boolean(),
});

it('carries tasks through the JSON of a page unchanged', () => {
  fc.assert(
    fc.property(fc.array(task), (tasks) => {
      const timeline = { originAt: '', endMs: 0, lanes: [], spans: [], bars: [] };
      const charts = { stages: [], tasks, timeline, flow: [], shuffles: [] };
      expect(unpackCharts(JSON.parse(JSON.stringify(packCharts(charts))))).toEqual(charts);
    }),
  );
});
