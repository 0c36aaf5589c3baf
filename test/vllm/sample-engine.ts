/** Samples of what vLLM's engine does while a job of the built command runs: see sampling_host.py. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENGINE_VARIABLES } from '../../functions/contract/environment.ts';
import { modelFolder } from '../../scripts/setup-vllm.ts';
import { preparedPython } from './prepared.ts';

export type EngineSample = {
  readonly seconds: number;
  readonly running: number;
  readonly waiting: number;
};

export type EngineSampler = {
  /** For the command: a Python whose worker has the host that writes samples. */
  readonly env: Readonly<Record<string, string>>;
  readonly read: () => readonly EngineSample[];
};

/** Of the one engine that is started from now on, which has this model. */
export const sampleEngine = (folder: string, model: Parameters<typeof modelFolder>[0]): EngineSampler => {
  const file = path.join(folder, 'samples.jsonl');
  const wrapper = path.join(folder, 'python');
  const python = preparedPython();
  // The runner asks for the path of the interpreter, and starts the worker with what it is told.
  const script = `#!/bin/sh
if [ "$1" = -c ]; then
  '${python}' "$@" | sed 's#"python": "[^"]*"#"python": "${wrapper}"#'
else
  PYTHONPATH="$PYTHONPATH:${import.meta.dirname}" exec '${python}' "$@" --host sampling_host '${modelFolder(model)}' '${file}'
fi
`;
  writeFileSync(wrapper, script);
  chmodSync(wrapper, 0o755);
  return {
    env: { [ENGINE_VARIABLES.python]: wrapper },
    read: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as EngineSample),
  };
};
