/** Judges of the state machine that others wrote and that need a process: asl-validator is in test/cdk. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderDefinition } from '../../cdk/state-machine/render-definition.ts';
import { pythonPath } from '../../scripts/setup-python.ts';
import { MACHINE_PARTS } from '../cdk/state-machine/machine-parts.ts';

const SCRIPT = fileURLToPath(new URL('../python/parse_definition.py', import.meta.url));

const parseWithMoto = (definition: object): { readonly status: number | null; readonly said: string } => {
  // moto 5.2.5 knows CSV, JSON and MANIFEST as what a Map reads; JSONL is younger.
  const input = JSON.stringify(definition).replaceAll('"InputType":"JSONL"', '"InputType":"JSON"');
  const { status, stderr } = spawnSync(pythonPath('emulator'), [SCRIPT], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, said: stderr };
};

describe('the parser of moto', () => {
  it('takes the state machine', () => {
    const { status, said } = parseWithMoto(renderDefinition(MACHINE_PARTS));
    expect(said).not.toContain('Traceback');
    expect(status).toBe(0);
  });

  it('rejects what is none', () => {
    const { status, said } = parseWithMoto({ StartAt: 7, States: {} });
    expect(status).toBe(1);
    expect(said).toContain('ASLParserException');
  });
});
