/** `flat_map`: one row in, any number of rows out, here from a generator; a row without words is dropped. */
import { defineFlatMap } from 'daybreak';

type Options = { shortest: number };

/** Runs once per worker; what it returns is the second argument of every call. */
export const init = (options: Options) => ({
  shortest: options.shortest,
  segmenter: new Intl.Segmenter('en', { granularity: 'word' }),
});

type Context = ReturnType<typeof init>;

export default defineFlatMap(function* (row: { product: string; text: string | null }, context: Context) {
  for (const { segment, isWordLike } of context.segmenter.segment(row.text ?? '')) {
    if (isWordLike === true && segment.length >= context.shortest) {
      yield { product: row.product, word: segment.toLowerCase() };
    }
  }
});
