import type { SyntheticNames } from './synthetic-job.ts';

/** Texts that do something where one place forgets to escape; `window.broken` is set where one ran. */
export const HOSTILE_TEXT = [
  '<img src=x onerror="window.broken=1">',
  '</script><script>window.broken=1</script>',
  '</title></style></pre><svg onload=window.broken=1>',
  `"'\`> onmouseover=window.broken=1 x="`,
  '<!--<script>',
  ']]> --> &lt;b&gt; &amp;',
  'line\u2028separator\u2029end',
  'right\u202eto\u202cleft \0 nul \x1b[31m \ud800 half',
  '{a|b} {marker} {b}: {c} $\u007Bwindow.broken=1}',
  '%3Cscript%3E javascript:window.broken=1 \\u003cscript\\u003e',
];

/** The text wherever a spec or a plan takes one; control characters they refuse. */
export const HOSTILE_NAMES = (text: string): SyntheticNames => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that a spec refuses
  const taken = text.replaceAll(/[\0-\x1f]/g, '');
  return { column: taken, file: `/data/${taken}.csv`, output: `/out/${taken}`, text: `name = '${taken}'` };
};
