import type { VariableFields } from './read-variables.ts';

/** The names under `key_env` of all endpoints, of the environment and of a file; each as it stands there, unread. */
export const collectKeyVariables = (
  variables: Iterable<VariableFields>,
  ofFile: Readonly<Record<string, unknown>>,
): readonly string[] => {
  const all = [...[...variables].map(({ fields }) => fields), ...Object.values(ofFile)];
  const names = all.map((fields) => (fields as { readonly key_env?: unknown } | null)?.key_env);
  return [...new Set(names.filter((name) => typeof name === 'string'))].sort();
};
