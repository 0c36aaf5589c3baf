import type { ModelReport } from '../contract/report.ts';
import { renderCount } from './render-units.ts';

/** Below it cents say nothing. */
const LEAST_CENTS = 0.01;

/** 12.3456 becomes `$12.35`, 0.00123 becomes `$0.0012`. */
export const renderCost = (costUsd: number): string =>
  `$${costUsd === 0 || costUsd >= LEAST_CENTS ? costUsd.toFixed(2) : costUsd.toPrecision(2)}`;

/** Tokens in and out a second of a stage with a model, by the seconds of its tasks; empty where nobody counted any. */
export const renderSpeed = ({
  promptTokens,
  outputTokens,
  busySeconds,
}: Pick<ModelReport, 'promptTokens' | 'outputTokens' | 'busySeconds'>): string => {
  const tokens = promptTokens + outputTokens;
  return tokens === 0 || busySeconds === 0 ? '' : renderCount(Math.round(tokens / busySeconds));
};
