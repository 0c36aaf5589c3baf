import { expect, it } from 'vitest';
import { renderPace } from '../../../functions/core/endpoints/render-pace.ts';

const because = 'cannot be reached at localhost:9978 (ECONNREFUSED)';

it.each([
  [{ open: 6, limit: 16, pausedMs: 0 }, '6 of 16 open'],
  [{ open: 0, limit: 1, pausedMs: 999, because }, '0 of 1 open'],
  [{ open: 0, limit: 1, pausedMs: 12_000 }, 'waits 12.0 s for the endpoint local'],
  [{ open: 0, limit: 1, pausedMs: 12_000, because }, `waits 12.0 s: the endpoint local ${because}`],
])('says what an endpoint does, and why it waits: %o', (figures, text) => {
  expect(renderPace('local', figures)).toBe(text);
});
