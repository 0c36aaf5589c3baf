/** Before all: the environment, which takes 3 minutes where it is not there, and the built command. */
import { existsSync } from 'node:fs';
import { setUpVllm } from '../../scripts/setup-vllm.ts';
import { COMMAND } from '../flow/daybreak-process.ts';

export const setup = (): void => {
  if (!existsSync(COMMAND)) throw new Error('dist/daybreak.js is missing: run `npm run build` first');
  setUpVllm();
};
