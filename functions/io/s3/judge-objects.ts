import { OutputExistsError } from '../../contract/errors-store.ts';
import {
  createObjectJudge,
  judgeStandingManifest,
  type OutputState,
} from '../../core/judge-output-object.ts';
import type { FoundObject, OutputObjects } from './output-objects.ts';

/**
 * Fails with OutputExistsError where something stands that the job may not replace. Returns the jobs whose parts it
 * replaces: of the manifest that stands, and of those who left some.
 */
export const judgeObjects = async (
  { place }: OutputObjects,
  state: OutputState,
  listing: AsyncIterable<FoundObject> | Iterable<FoundObject>,
): Promise<readonly string[]> => {
  const refuse = (found: string): never => {
    throw new OutputExistsError({ output: place, found });
  };
  const problem = judgeStandingManifest(state);
  if (problem !== undefined) refuse(problem);
  const { manifest } = state;
  const replaced = new Set<string>();
  if (manifest !== undefined && manifest !== 'unreadable') replaced.add(manifest.job);
  const judge = createObjectJudge(state);
  for await (const { name } of listing) {
    const verdict = judge(name);
    if (verdict.kind === 'foreign') refuse(verdict.found);
    if (verdict.kind === 'leftover') replaced.add(verdict.job);
  }
  return [...replaced].sort();
};
