import { describe, expect, it } from 'vitest';
import { choosePython, judgeMachine, type MachineFacts } from '../../../scripts/vllm/judge-machine.ts';

const GOOD: MachineFacts = {
  platform: 'linux',
  architecture: 'x64',
  glibc: '2.36',
  cpuFlags: new Set(['avx2', 'avx512f']),
  memoryBytes: 16e9,
  freeBytes: 100e9,
  missingCommands: [],
  pythons: [{ command: 'python3', version: '3.11.7' }],
};

describe('judgeMachine', () => {
  it('finds nothing wrong with a machine that has all', () => {
    expect(judgeMachine(GOOD)).toEqual([]);
  });

  it.each<[string, Partial<MachineFacts>, RegExp]>([
    ['another system', { platform: 'darwin', architecture: 'arm64' }, /darwin on arm64.*endpoint/],
    ['another C library', { glibc: undefined }, /needs glibc/],
    ['an old C library', { glibc: '2.28' }, /2\.31 or newer, and this system has 2\.28/],
    ['an old processor', { cpuFlags: new Set(['sse4_2']) }, /AVX2/],
    ['little memory', { memoryBytes: 2e9 }, /memory/],
    ['a full disk', { freeBytes: 1e9 }, /1\.0 GB/],
    ['no compiler', { missingCommands: ['gcc', 'nm'] }, /gcc.*nm/],
    ['no Python', { pythons: [] }, /Python/],
    ['a Python without wheels', { pythons: [{ command: 'python3', version: '3.9.2' }] }, /Python/],
  ])('says what is missing: %s', (_, lack, sentence) => {
    const problems = judgeMachine({ ...GOOD, ...lack });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(sentence);
  });

  it('says all that is missing at once', () => {
    const problems = judgeMachine({ ...GOOD, freeBytes: 0, missingCommands: ['gcc'], pythons: [] });
    expect(problems).toHaveLength(3);
  });
});

describe('choosePython', () => {
  it('takes the first whose version has wheels', () => {
    const pythons = [
      { command: 'python3', version: '3.14.0' },
      { command: 'python3.12', version: '3.12.3' },
      { command: 'python3.11', version: '3.11.7' },
    ];
    expect(choosePython(pythons)).toBe('python3.12');
    expect(choosePython([])).toBeUndefined();
  });
});
