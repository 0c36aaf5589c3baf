import { defineConfig } from 'vitest/config';

/** `unit` is fast and has no child processes; `flow` runs the built command and whole jobs; `cloud` has the emulator, `stack` the deployed stack, `vllm` the real engine. */
export default defineConfig({
  test: {
    expect: { requireAssertions: true },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/flow/**', 'test/cloud/**', 'test/vllm/**'],
          testTimeout: 60_000,
          // By default one core of two is left idle.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/flow/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'cloud',
          include: ['test/cloud/**/*.test.ts'],
          exclude: ['test/cloud/stack/**'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'stack',
          include: ['test/cloud/stack/**/*.test.ts'],
          globalSetup: ['test/cloud/stack/setup-stack.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'vllm',
          include: ['test/vllm/**/*.test.ts'],
          globalSetup: ['test/vllm/global-setup.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // One engine at a time: each takes 2 GB, and all the processors that there are.
          maxWorkers: 1,
        },
      },
    ],
  },
});
