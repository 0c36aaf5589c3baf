import { describe, expect, it } from 'vitest';
import { nameFullDisk } from '../../functions/stages/name-full-disk.ts';

const where = { task: '00-map 000000', scratchDir: '/scratch' };

describe('nameFullDisk', () => {
  it('names a full disk, and leaves every other error and every result as it is', async () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    await expect(nameFullDisk(where, () => Promise.reject(full))).rejects.toMatchObject({
      name: 'TaskDiskError',
      message: expect.stringMatching(/^00-map 000000: no space .*\/scratch.*ENOSPC/),
      cause: full,
    });
    const other = Object.assign(new Error('read'), { code: 'EIO' });
    await expect(nameFullDisk(where, () => Promise.reject(other))).rejects.toBe(other);
    await expect(nameFullDisk(where, async () => 5)).resolves.toBe(5);
  });
});
