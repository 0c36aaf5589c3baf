import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ModuleReject, ModuleStep } from '../../../functions/contract/module-step.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { bundleModule } from '../../../functions/io/modules/bundle-module.ts';
import { type LoadedModule, loadModule } from '../../../functions/io/modules/load-module.ts';
import type { ModuleCounts } from '../../../functions/io/modules/module-run.ts';
import { runModuleStep } from '../../../functions/io/modules/run-module-step.ts';
import { storeModule } from '../../../functions/io/modules/store-module.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { describeColumns } from '../../../functions/io/query-rows.ts';

export const JOB = 'test-job';

/** A folder with a store, a database and the sources of modules; everything that a step needs in one process. */
export type ModuleBench = {
  readonly folder: string;
  readonly store: ObjectStore;
  readonly connection: DuckDBConnection;
  readonly connect: () => Promise<DuckDBConnection>;
  /** Bundles, stores and loads the text of a TypeScript file. */
  readonly load: (
    source: string,
    more?: {
      readonly export?: string;
      readonly options?: Record<string, unknown>;
      readonly initSeconds?: number;
    },
  ) => Promise<LoadedModule>;
  readonly run: (step: StepToRun) => Promise<Ran>;
};

export type StepToRun = Partial<Pick<ModuleStep, 'kind' | 'batchRows' | 'concurrency' | 'timeoutSeconds'>> & {
  /** The text of a module, or the module. */
  readonly module: string | LoadedModule;
  /** A SELECT. */
  readonly source: string;
  readonly output: Readonly<Record<string, string>>;
  readonly keys?: readonly string[];
  /** The table of the rows. Default: a name of its own. */
  readonly target?: string;
  readonly signal?: AbortSignal;
  readonly onReject?: (reject: ModuleReject, rejected: number) => void;
};

export type Ran = {
  readonly counts: ModuleCounts;
  /** As the engine's JSON has them. */
  readonly rows: readonly Record<string, unknown>[];
  readonly rejects: readonly Record<string, unknown>[];
};

export const withModuleBench = async <Result>(
  use: (bench: ModuleBench) => Promise<Result>,
): Promise<Result> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'daybreak-modules-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  try {
    const connection = await instance.connect();
    await connection.run("SET GLOBAL TimeZone = 'UTC'");
    const store = await openFileStore(path.join(folder, 'store'));
    return await use(createBench({ folder, instance, connection, store }));
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
};

let tables = 0;

const createBench = (bench: {
  readonly folder: string;
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly store: ObjectStore;
}): ModuleBench => {
  const { folder, store, connection } = bench;
  const connect = () => bench.instance.connect();
  const load: ModuleBench['load'] = async (source, more = {}) => {
    await writeFile(path.join(folder, 'module.ts'), source);
    const name = more.export ?? 'default';
    const bundled = await bundleModule({ folder, path: 'module.ts', exports: [name] });
    await storeModule(store, JOB, bundled);
    const module = { sha256: bundled.sha256, export: name, path: 'module.ts', options: more.options ?? {} };
    // Vitest leaves what lies under this name to Node; elsewhere it would run a text of its own instead of the bytes.
    const scratchDir = path.join(folder, 'node_modules', 'scratch');
    const { initSeconds } = more;
    return loadModule({
      store,
      job: JOB,
      scratchDir,
      module,
      ...(initSeconds === undefined ? {} : { initSeconds }),
    });
  };
  const run = async (step: StepToRun): Promise<Ran> => {
    tables += 1;
    const [target, rejects] = [step.target ?? `target_${tables}`, `rejects_${tables}`];
    const module = typeof step.module === 'string' ? await load(step.module) : step.module;
    const source = `(${step.source})`;
    const input = await describeColumns(connection, source);
    const counts = await runModuleStep({
      connect,
      module,
      source,
      target,
      rejects,
      signal: step.signal ?? new AbortController().signal,
      ...(step.onReject === undefined ? {} : { onReject: step.onReject }),
      step: {
        kind: step.kind ?? 'map',
        step: 3,
        columns: Object.entries(step.output).map(([name, type]) => ({ name, type })),
        input,
        keys: input.filter(({ name }) => step.keys?.includes(name)),
        module: { sha256: '0'.repeat(64), export: 'default', path: 'module.ts', options: {} },
        batchRows: step.batchRows ?? 1000,
        concurrency: step.concurrency ?? 4,
        timeoutSeconds: step.timeoutSeconds ?? 60,
      },
    });
    const rowsOf = async (table: string) =>
      (await connection.runAndReadAll(`FROM ${table}`)).getRowObjectsJson();
    return { counts, rows: await rowsOf(target), rejects: await rowsOf(rejects) };
  };
  return { folder, store, connection, connect, load, run };
};
