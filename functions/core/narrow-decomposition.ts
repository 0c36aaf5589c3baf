import type { Decomposition, PartialDecomposition } from '../contract/decomposition.ts';

/** Leaves out of a decomposition what the outputs that `isNeeded` do not read. */
export const narrowDecomposition = (
  parts: Decomposition,
  isNeeded: (output: string) => boolean,
): Decomposition => {
  if (parts.mode === 'partial') return narrowPartial(parts, isNeeded);
  const outputs = parts.outputs.filter(({ name }) => isNeeded(name));
  return { ...parts, columns: keepUsed(parts.columns, outputs), outputs };
};

const narrowPartial = (
  parts: PartialDecomposition,
  isNeeded: (output: string) => boolean,
): PartialDecomposition => {
  const outputs = parts.outputs.filter(({ name }) => isNeeded(name));
  const values = keepUsed(parts.values, outputs);
  let states = keepUsed(parts.states, values);
  for (;;) {
    // A state may be merged with the help of others: a mean needs the counts.
    const gathered = keepUsed(parts.gathered, [...states, ...keepUsed(parts.derived, states)]);
    const wider = keepUsed(parts.states, [...values, ...gathered]);
    if (wider.length === states.length)
      return { ...parts, outputs, values, states, gathered, derived: keepUsed(parts.derived, states) };
    states = wider;
  }
};

const keepUsed = <P extends { readonly name: string }>(
  parts: readonly P[],
  users: readonly { readonly uses: readonly string[] }[],
): P[] => {
  const used = new Set(users.flatMap(({ uses }) => uses));
  return parts.filter(({ name }) => used.has(name));
};
