import fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapeHtml, html, renderJson } from '../../../cli/report-page/html.ts';
import { HOSTILE_TEXT } from './hostile-names.ts';

const readBack = (markup: string): string =>
  markup
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

it('escapes every text so that it holds no markup and reads as before', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const escaped = escapeHtml(text);
      expect(escaped).not.toMatch(/[<>"']/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what HTML cannot hold
      expect(readBack(escaped)).toBe(text.replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, '\u{FFFD}'));
    }),
  );
});

it('shows what HTML cannot hold as U+FFFD: control characters, halves of pairs', () => {
  expect(escapeHtml('a\0b\x1b[31m\ud800c\r\n')).toBe('a\u{FFFD}b\u{FFFD}[31m\u{FFFD}c\u{FFFD}\n');
});

it.each(HOSTILE_TEXT)('puts a text into markup and attributes as text: %s', (text) => {
  const { markup } = html`<p title="${text}">${text}</p>`;
  expect(markup.match(/[<>]/g)).toHaveLength(4);
  expect(markup.match(/"/g)).toHaveLength(2);
});

it('takes markup that it made itself, one or many, as markup', () => {
  expect(html`<ul>${['a', '<'].map((text) => html`<li>${text}</li>`)}</ul>${html`<hr>`}${3}`.markup).toBe(
    '<ul><li>a</li><li>&lt;</li></ul><hr>3',
  );
});

it('renders JSON that ends no script, comments nothing out, and reads back', () => {
  for (const text of HOSTILE_TEXT) {
    const json = renderJson({ [text]: [text] });
    expect(json).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(json)).toEqual({ [text]: [text] });
  }
});
