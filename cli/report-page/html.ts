/** Markup that is safe to put into a page. Law: only {@link html} makes it, and it escapes every text put into it. */
export type Html = { readonly markup: string };

type Piece = Html | string | number | readonly Html[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text as it may stand between tags and in quoted attributes. What HTML cannot hold (control characters, halves
 * of surrogate pairs) becomes U+FFFD, so that nothing is dropped unseen.
 */
export const escapeHtml = (text: string): string =>
  text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that HTML cannot hold
    .replaceAll(/[\0-\x08\x0b\x0c\x0d\x0e-\x1f\x7f]/g, '\u{FFFD}')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** A template whose every value is escaped, but markup that was made by this function. */
export const html = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html => ({
  markup: texts.map((text, index) => text + (index < pieces.length ? markupOf(pieces[index]) : '')).join(''),
});

const markupOf = (piece: Piece | undefined): string => {
  if (typeof piece === 'object') {
    return 'markup' in piece ? piece.markup : piece.map(({ markup }) => markup).join('');
  }
  return escapeHtml(String(piece));
};

/** JSON that no HTML parser can end a script element in: `<`, `>`, `&` and the line ends of JavaScript escaped. */
export const renderJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
