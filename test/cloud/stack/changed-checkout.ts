/** A copy of this checkout in which one word of the functions' code is another. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');
const COPIED = ['functions', 'cdk', 'cdk.json', 'package.json', 'package-lock.json'] as const;
const LOGGER = 'functions/handlers/log.ts';

/** What the functions of the copy call themselves in their logs, and those of this checkout. */
export const SERVICES = { here: 'daybreak', changed: 'daybreak-changed' } as const;

export const withChangedCheckout = async <Result>(
  use: (checkout: string) => Promise<Result>,
): Promise<Result> => {
  const checkout = await mkdtemp(path.join(tmpdir(), 'daybreak-checkout-'));
  try {
    for (const name of COPIED)
      await cp(path.join(root, name), path.join(checkout, name), { recursive: true });
    await symlink(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
    const logger = path.join(checkout, LOGGER);
    const text = await readFile(logger, 'utf8');
    const changed = text.replaceAll(`serviceName: '${SERVICES.here}'`, `serviceName: '${SERVICES.changed}'`);
    if (changed === text) throw new Error(`${LOGGER} names no service ${SERVICES.here}`);
    await writeFile(logger, changed);
    return await use(checkout);
  } finally {
    await rm(checkout, { recursive: true, force: true });
  }
};
