/** What `npm run setup:vllm` has made: see global-setup.ts, which runs it first. */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { modelFolder } from '../../scripts/setup-vllm.ts';

export const ROOT = path.join(import.meta.dirname, '../..');

export const preparedPython = (): string => path.join(ROOT, '.cache/vllm/bin/python');

/** SmolLM2 with the same weights, to be computed in float32: there a greedy text is one text. */
export const writeFloat32Model = (folder: string): string => {
  const source = realpathSync(modelFolder('smollm2'));
  mkdirSync(folder);
  for (const name of readdirSync(source)) {
    if (name.endsWith('.safetensors')) symlinkSync(path.join(source, name), path.join(folder, name));
    else cpSync(path.join(source, name), path.join(folder, name));
  }
  const file = path.join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, dtype: 'float32' }));
  return folder;
};
