import { expect, it } from 'vitest';
import { renderDuration } from '../../../cli/report-page/render-duration.ts';

it.each([
  [0, '0 s'],
  [0.0004, '0 s'],
  [0.0872, '87 ms'],
  [0.9996, '1.0 s'],
  [1.52, '1.5 s'],
  [90, '1m 30s'],
])('renders %f seconds as %s', (seconds, text) => {
  expect(renderDuration(seconds)).toBe(text);
});
