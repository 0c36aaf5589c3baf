/** `npm run demo:infer`: real text through a language model on this machine, and as vectors. Asks nothing. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { renderSeconds } from '../functions/core/render-units.ts';
import { prepareDemoData } from './demo-data.ts';
import { setUpVllm } from './setup-vllm.ts';

const root = path.resolve(import.meta.dirname, '..');

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Ends this process where the job fails: its own words are on the terminal. */
const runJob = (example: string, ...more: readonly string[]): void => {
  const command = ['dist/daybreak.js', 'run', `examples/${example}.yaml`, ...more];
  say(`$ npx daybreak ${command.slice(1).join(' ')}`);
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  say(`${example}: ${renderSeconds((performance.now() - startedAt) / 1000)}\n`);
};

const NEIGHBOURS = `
  SELECT one.sentence AS sentence, other.sentence AS neighbour, other.speech AS speech,
    round(array_cosine_similarity(one.vector, other.vector), 3) AS cosine
  FROM vectors AS one JOIN vectors AS other ON one.speech < other.speech
  ORDER BY cosine DESC, sentence, neighbour LIMIT 3`;

/** The sentences of different speeches that mean most nearly the same. */
const showNeighbours = async (): Promise<void> => {
  const connection = await (await DuckDBInstance.create()).connect();
  const files = path.join(root, 'out/speeches-as-vectors/part-*.parquet').replaceAll("'", "''");
  await connection.run(`CREATE VIEW vectors AS
    SELECT speech, sentence, vector::FLOAT[384] AS vector FROM read_parquet('${files}')`);
  say('Sentences of different speeches that are closest in meaning:');
  for (const { cosine, sentence, neighbour, speech } of (
    await connection.runAndReadAll(NEIGHBOURS)
  ).getRowObjectsJson())
    say(`  ${Number(cosine).toFixed(3)}  ${sentence}\n         ${neighbour} (${speech})`);
};

say(
  'Classifies and embeds sentences of speeches with two small models on this machine. It takes some minutes: 8m 41s',
);
say(
  'were measured on two cores with other work on them. A minute or two of each job pass without a line, while its',
);
say('engine starts. The first time the set-up comes before it.\n');
try {
  setUpVllm();
  prepareDemoData(path.join(root, '.cache'));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
runJob('classify', '--show', '24');
runJob('embed', '--show', '2');
await showNeighbours();
