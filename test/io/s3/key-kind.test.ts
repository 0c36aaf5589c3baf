import { describe, expect, it } from 'vitest';
import { blockPrefixes, KEYS, renderBlockKey } from '../../../functions/contract/keys.ts';
import { kindOfKey, kindOfPrefix } from '../../../functions/io/s3/key-kind.ts';

const ATTEMPT = 'a'.repeat(24);
const stage = { job: 'themes', run: '0001', stage: '00-map' };
const ids = {
  ...stage,
  task: '000000',
  attempt: ATTEMPT,
  format: 'arrow',
  k: '0',
  worker: 'w1',
  hash: 'f'.repeat(64),
  digest: 'f'.repeat(64),
  slot: '0',
  deadline: '9999',
  template: 'nightly',
  note: '00000000-0000-4000-8000-000000000000',
};

describe('kindOfKey', () => {
  it.each(Object.entries(KEYS))('knows the key of %s', (kind, key) => {
    // Each template takes those of the ids that it names.
    expect(kindOfKey((key.render as (all: typeof ids) => string)(ids))).toBe(kind);
  });

  it('knows a block, and what is none of ours', () => {
    expect(kindOfKey(renderBlockKey({ ...stage, task: '000000', attempt: ATTEMPT, format: 'arrow' }))).toBe(
      'block',
    );
    expect(kindOfKey('inbox/a.yaml')).toBe('other');
  });
});

describe('kindOfPrefix', () => {
  it('knows what a listing of a stage gives', () => {
    expect(kindOfPrefix(KEYS.commit.prefix(stage))).toBe('commit');
    expect(kindOfPrefix(KEYS.amendment.prefix(stage))).toBe('amendment');
    for (const prefix of blockPrefixes(stage)) expect(kindOfPrefix(prefix)).toBe('block');
  });

  it('says several where it cannot tell, and other where nothing of ours is', () => {
    expect(kindOfPrefix('')).toBe('several');
    expect(kindOfPrefix('jobs/themes/')).toBe('several');
    expect(kindOfPrefix('inbox/')).toBe('other');
  });
});
