import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fingerprintModel } from '../../../functions/io/models/fingerprint-model.ts';
import { openLocalModel } from '../../../functions/io/models/model-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daybreak-fingerprint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The same hashes stand in gpu-image/tests/test_models.py: the worker holds what it loads against those of the plan. */
it('gives a folder the fingerprint that the worker gives it', async () => {
  for (const inner of ['1_Pooling', 'deep/er']) mkdirSync(join(folder, inner), { recursive: true });
  const files = {
    'config.json': '{}',
    'README.md': 'no',
    '1_Pooling/config.json': '{"a":1}',
    'deep/er/config.json': 'no',
    'merges.txt': '',
    'model.safetensors': Uint8Array.from({ length: 300_007 }, (_, i) => (i * i) % 251),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  symlinkSync(join(folder, 'config.json'), join(folder, 'tokenizer.json'));
  expect(await fingerprintModel(await openLocalModel(folder, 'm'))).toBe('002bfe8c986190ab');
});

it('gives a prefix in S3 the fingerprint that the worker gives it', async () => {
  const files = [
    { name: '1_Pooling/config.json', sizeBytes: 2, etag: '"p"' },
    { name: 'config.json', sizeBytes: 2, etag: '"c"' },
    { name: 'model.safetensors', sizeBytes: 9, etag: '"m-3"' },
    { name: 'run.py', sizeBytes: 1, etag: '"r"' },
  ];
  const read = () => Promise.reject(new Error('nothing is read'));
  expect(await fingerprintModel({ files, read })).toBe('0b2b7867c28ae921');
});
