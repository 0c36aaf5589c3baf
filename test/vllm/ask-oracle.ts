import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { preparedPython } from './prepared.ts';

/** Of five models on a busy machine. */
const LONGEST_MS = 300_000;

export type GreedyAnswer = {
  readonly text: string;
  readonly prompt_tokens: number;
  readonly output_tokens: number;
};
export type OracleQuestion = { readonly ask: string; readonly model: string } & Readonly<
  Record<string, unknown>
>;

/** Asks transformers: see oracle.py, which has the questions and the shapes of their answers. */
export const askOracle = (questions: readonly OracleQuestion[]): readonly unknown[] => {
  const { status, stdout, stderr } = spawnSync(
    preparedPython(),
    [path.join(import.meta.dirname, 'oracle.py')],
    { input: JSON.stringify(questions), encoding: 'utf8', timeout: LONGEST_MS, maxBuffer: 64 * 2 ** 20 },
  );
  if (status !== 0) throw new Error(`the oracle ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout) as readonly unknown[];
};
