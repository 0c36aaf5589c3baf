import path from 'node:path';
import type { JobSpec } from '../../functions/contract/spec.ts';
import { modulesOf } from '../../functions/core/modules-of.ts';
import { type BundledModule, bundleModule } from '../../functions/io/modules/bundle-module.ts';

/** The bundles of a spec, by the paths in it. */
export type SpecModules = ReadonlyMap<string, BundledModule>;

/**
 * Bundles the modules that a spec names, from the folder of its file; each once, with all exports that the spec
 * calls. Fails with ModuleBundleError.
 */
export const bundleModules = async (spec: JobSpec, file: string): Promise<SpecModules> => {
  const folder = path.dirname(path.resolve(file));
  const exportsOf = new Map<string, Set<string>>();
  for (const {
    use: { module, export: name },
  } of modulesOf(spec)) {
    exportsOf.set(module, (exportsOf.get(module) ?? new Set()).add(name));
  }
  const bundled = new Map<string, BundledModule>();
  for (const [module, names] of exportsOf) {
    bundled.set(module, await bundleModule({ folder, path: module, exports: [...names] }));
  }
  return bundled;
};

/** What a job remembers of its modules; absent where it has none. */
export const hashesOf = (modules: SpecModules): { readonly modules?: Record<string, string> } =>
  modules.size === 0
    ? {}
    : { modules: Object.fromEntries([...modules].map(([module, { sha256 }]) => [module, sha256])) };
