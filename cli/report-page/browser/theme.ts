import { FLOW_KINDS } from '../report-page.ts';

/** The colours of the style sheet, for what is drawn on a canvas, which no style sheet reaches. */
export type Theme = {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly grid: string;
  readonly card: string;
  readonly runner: string;
  readonly stages: readonly string[];
  readonly flow: Readonly<Record<string, string>>;
  readonly font: string;
};

const STAGE_COLOURS = 6;

export const readTheme = (): Theme => {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: read('ink'),
    muted: read('muted'),
    line: read('line'),
    grid: read('grid'),
    card: read('card'),
    runner: read('runner'),
    stages: Array.from({ length: STAGE_COLOURS }, (_, stage) => read(`stage${stage}`)),
    flow: Object.fromEntries(FLOW_KINDS.map((kind) => [kind, read(kind)])),
    font: getComputedStyle(document.body).fontFamily,
  };
};

export const stageColour = (theme: Theme, stage: number): string =>
  theme.stages[stage % STAGE_COLOURS] ?? theme.ink;

/**
 * Tooltips are drawn on the canvas: as HTML they would need styles that the page's policy refuses, and could hold
 * markup. `{` begins a style in such text, so it is shown as its full-width twin.
 */
export const tooltipOf = (theme: Theme) => ({
  renderMode: 'richText' as const,
  confine: true,
  backgroundColor: theme.card,
  borderColor: theme.line,
  borderWidth: 1,
  padding: [8, 10],
  textStyle: { color: theme.ink, fontSize: 12, lineHeight: 17, fontFamily: theme.font },
});

export const plain = (text: string): string => text.replaceAll('{', '\u{FF5B}');

export const axisText = (theme: Theme) => ({ color: theme.muted, fontSize: 11, fontFamily: theme.font });
