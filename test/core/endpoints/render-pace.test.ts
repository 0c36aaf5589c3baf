import { expect, it } from 'vitest';
import { renderPace } from '../../../functions/core/endpoints/render-pace.ts';

it.each([
  [{ open: 6, limit: 16, pausedMs: 0 }, '6 of 16 open'],
  [{ open: 0, limit: 1, pausedMs: 999 }, '0 of 1 open'],
  [{ open: 0, limit: 1, pausedMs: 12_000 }, 'waits 12.0 s for the endpoint'],
])('says what an endpoint does: %o', (figures, text) => {
  expect(renderPace(figures)).toBe(text);
});
