import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPreview } from '../../cli/render-preview.ts';
import type { OutputFormat } from '../../functions/sql/output-file.ts';
import { query } from '../flow/job-folder.ts';
import { runInProcess } from '../flow/run-in-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-preview-'));
  await query(`COPY (SELECT i AS id, CASE WHEN i > 0 THEN 'r' || i END AS name, [i, NULL] AS l FROM range(3) r(i))
    TO '${join(folder, 'in.parquet')}'`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const preview = async (format: OutputFormat, filter: string, rows: number): Promise<readonly string[]> => {
  const id = `preview-${format}-${rows}`;
  const report = await runInProcess({
    id,
    workdir: join(folder, 'work'),
    spec: {
      name: 'preview',
      input: { uri: join(folder, 'in.parquet') },
      steps: [{ filter }, { sort: { by: ['id DESC'], limit: 10 } }],
      output: { uri: join(folder, id), format },
    },
  });
  return (await renderPreview(report, rows)).split('\n');
};

describe('renderPreview', () => {
  it.each(['parquet', 'jsonl'] as const)(
    'shows the first rows of a %s result, numbers to the right',
    async (format) => {
      const lines = await preview(format, 'true', 2);
      expect(lines[0]).toBe('id  name  l');
      expect(lines[2]).toBe(' 2  r2    [2, NULL]');
      expect(lines).toHaveLength(4);
    },
  );

  it('shows the first rows of a CSV result, lists as its text has them', async () => {
    expect((await preview('csv', 'true', 3)).slice(2)).toEqual([
      ' 2  r2    [2, NULL]',
      ' 1  r1    [1, NULL]',
      ' 0  NULL  [0, NULL]',
    ]);
  });

  it('shows the header alone of a result without rows', async () => {
    expect(await preview('parquet', 'id < 0', 5)).toEqual(['id  name  l', '--  ----  -']);
  });
});
