import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderBytes } from '../../functions/core/render-units.ts';
import { bundleModule } from '../../functions/io/modules/bundle-module.ts';

/** `daybreak bundle`: a module and all that it imports as one file, as the HTTP API takes it. */
export const bundle = async (module: string, { out }: { readonly out: string }): Promise<void> => {
  const file = path.resolve(module);
  const source = { folder: path.dirname(file), path: path.basename(file), exports: [] };
  const { bytes } = await bundleModule(source);
  await writeFile(out, bytes);
  process.stdout.write(`${out}: ${renderBytes(bytes.length)}\n`);
};
