/** `npm run demo`: the main job on real data that a package ships. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const command = ['dist/daybreak.js', 'run', 'examples/late-routes.yaml', '--show', '10'];
process.stdout.write(`$ npx daybreak ${command.slice(1).join(' ')}\n`);
const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
