/** Law: contract <- core <- sql <- io <- stages <- handlers, cli; left never imports right, as bundled. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { FAILURES } from '../functions/contract/failures.ts';

const root = path.resolve(import.meta.dirname, '..');
const LAYERS = ['contract', 'core', 'sql', 'io', 'stages'] as const;
/** Each may import every layer, and not the other. */
const TOPS = ['functions/handlers', 'cli', 'cdk'] as const;
/** What a layer may import from outside; the rest of the layers may import what they need. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  'functions/contract': /^zod$/,
  // A pure function of two texts.
  'functions/core': /^(zod|fastest-levenshtein)$/,
  'functions/sql': /^zod$/,
};

const typeScriptIn = (folder: string): readonly string[] =>
  existsSync(path.join(root, folder))
    ? readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
        .map((name) => path.posix.join(folder, name.replaceAll(path.sep, '/')))
    : [];

/** `functions/core`, `cli` …; undefined for a package of node_modules. */
const placeOf = (file: string): string | undefined =>
  [...LAYERS.map((layer) => `functions/${layer}`), ...TOPS].find((place) => file.startsWith(`${place}/`));

const rankOf = (place: string): number => {
  const rank = LAYERS.findIndex((layer) => place === `functions/${layer}`);
  return rank < 0 ? LAYERS.length : rank;
};

/** Whether a file of the one place may import one of the other; `cdk` reads the contract alone. */
const mayImport = (from: string, to: string): boolean => {
  if (from === to) return true;
  if (from === 'cdk') return to === 'functions/contract';
  return rankOf(to) < rankOf(from);
};

type Edge = { readonly from: string; readonly to: string; readonly isLazy: boolean };
let edges: readonly Edge[];

/** Bundles every entry and every file of the layers, and keeps what imports what once types are gone. */
beforeAll(async () => {
  const entryPoints = [...LAYERS.map((layer) => `functions/${layer}`), ...TOPS]
    .flatMap(typeScriptIn)
    .filter((file) => !file.includes('/browser/'));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outdir: 'unused',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    metafile: true,
    packages: 'external',
    logLevel: 'silent',
  });
  edges = edgesOf(metafile);
}, 60_000);

const edgesOf = ({ inputs }: Metafile): readonly Edge[] =>
  Object.entries(inputs).flatMap(([from, { imports }]) =>
    imports.map(({ path: to, kind }) => ({ from, to, isLazy: kind === 'dynamic-import' })),
  );

const render = ({ from, to }: Edge): string => `${from} -> ${to}`;

describe('the import graph of the real bundles', () => {
  it('reaches every layer and the entries of the command', () => {
    const places = new Set(edges.map(({ from }) => placeOf(from)));
    expect([...places]).toEqual(
      expect.arrayContaining([...LAYERS.map((layer) => `functions/${layer}`), 'cli']),
    );
    const files = new Set(edges.map(({ from }) => from));
    for (const entry of ['cli/daybreak.ts', 'cli/index.ts', 'functions/stages/split.ts'])
      expect(files).toContain(entry);
  });

  it('never points right', () => {
    const wrong = edges.filter(({ from, to }) => {
      const [left, right] = [placeOf(from), placeOf(to)];
      return left !== undefined && right !== undefined && !mayImport(left, right);
    });
    expect(wrong.map(render)).toEqual([]);
  });

  it('leaves tests, benchmarks and scripts out of what is shipped', () => {
    const wrong = edges.filter(({ to }) => /^(test|bench|scripts|examples)\//.test(to));
    expect(wrong.map(render)).toEqual([]);
  });

  it('keeps decisions and SQL pure: nothing of Node or the engine', () => {
    const wrong = edges.filter(({ from, to }) => {
      const allowed = PACKAGES[placeOf(from) ?? ''];
      return allowed !== undefined && placeOf(to) === undefined && !allowed.test(to);
    });
    expect(wrong.map(render)).toEqual([]);
  });

  it('loads the SDK of AWS with the first request of the command and its workers, not before', () => {
    const reached = new Set(['cli/daybreak.ts', 'cli/worker.ts']);
    for (const file of reached)
      for (const { from, to, isLazy } of edges) if (from === file && !isLazy) reached.add(to);
    expect(reached.size).toBeGreaterThan(100);
    expect([...reached].filter((file) => file.startsWith('@aws-sdk/'))).toEqual([]);
  });

  it('has no cycle', () => {
    const next = new Map<string, string[]>();
    for (const { from, to } of edges)
      if (placeOf(to) !== undefined) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
      if (done.has(file) || trail.includes(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...trail, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it.each([
    ['functions/core', 'functions/io'],
    ['functions/contract', 'functions/core'],
    ['functions/stages', 'cli'],
    ['functions/handlers', 'cli'],
    ['cli', 'functions/handlers'],
    ['cdk', 'functions/core'],
  ])('rejects an import of %s from %s', (from, to) => {
    expect(mayImport(from, to)).toBe(false);
  });
});

describe('the table of failures', () => {
  const classes = typeScriptIn('functions/contract')
    .filter((file) => /\/errors(-[a-z]+)?\.ts$/.test(file))
    .flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split(/^(?=export (?:abstract )?class )/m)
        .flatMap((source) => {
          const name = /^export class (\w+) extends DaybreakError/.exec(source)?.[1];
          const literal = /override readonly name(?: = '(\w+)'|: FailureName;)/.exec(source);
          return name === undefined
            ? []
            : [{ name, literal: literal?.[1] ?? (literal === null ? 'none' : 'any') }];
        }),
    );

  it('has a row for each class of error, whose name is written out in it', () => {
    // A carrier brings the name of what was thrown in another process.
    const named = classes.filter(({ literal }) => literal !== 'any');
    expect(named.filter(({ name, literal }) => name !== literal)).toEqual([]);
    expect(named.map(({ name }) => name).filter((name) => !Object.hasOwn(FAILURES, name))).toEqual([]);
  });

  it('has one class of error for each row', () => {
    const names = classes.filter(({ literal }) => literal !== 'any').map(({ name }) => name);
    expect(names.sort()).toEqual(Object.keys(FAILURES).sort());
  });
});
