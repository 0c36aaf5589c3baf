import type { JobSpec } from '../contract/spec.ts';
import type { UserModule } from '../contract/spec-values.ts';

/** A module that a step calls, and where it stands in the spec. */
export type ModuleUse = { readonly path: string; readonly use: UserModule };

/** Every use of a user's module, in the order of the steps. */
export const modulesOf = (spec: JobSpec): readonly ModuleUse[] =>
  spec.steps.flatMap((step, index) => {
    const at = (place: string, use: UserModule): readonly ModuleUse[] => [
      { path: `steps[${index}].${place}.module`, use },
    ];
    if ('map' in step) return at('map', step.map);
    if ('flat_map' in step) return at('flat_map', step.flat_map);
    if ('map_batches' in step) return at('map_batches', step.map_batches);
    if ('group_by' in step && step.group_by.map_groups !== undefined)
      return at('group_by.map_groups', step.group_by.map_groups);
    return [];
  });
