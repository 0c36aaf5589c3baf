import type { Liquid, Template } from 'liquidjs';
import { suggestName } from '../../core/suggest-name.ts';
import { firstLineOf } from '../query-rows.ts';
import { FILTER_NAMES, TAG_NAMES } from './liquid.ts';

/** What is wrong with a template; the sentence goes on from its place in the spec. */
export type TemplateProblem = { readonly message: string; readonly suggestion?: string };

/** A name that a template reads, with the fields that it asks for; `undefined` where a value decides which. */
export type TemplateVariable = {
  readonly name: string;
  readonly fields: readonly (string | number | undefined)[];
  /** In the template, both from 1. */
  readonly row: number;
  readonly column: number;
};

export type ParsedTemplate = {
  readonly template: readonly Template[];
  /** What comes from the row; names that the template makes itself are left out. */
  readonly variables: readonly TemplateVariable[];
};

/** Parses a template and finds what it reads of a row. */
export const parseTemplate = (
  liquid: Liquid,
  text: string,
): { readonly parsed: ParsedTemplate } | { readonly problem: TemplateProblem } => {
  try {
    const template = liquid.parse(text);
    return { parsed: { template, variables: findVariables(liquid, template) } };
  } catch (error) {
    return { problem: explain(error, text) };
  }
};

const findVariables = (liquid: Liquid, template: Template[]): readonly TemplateVariable[] =>
  Object.values(liquid.analyzeSync(template).globals)
    .flat()
    .flatMap(({ segments: [name, ...fields], location: { row, col } }): TemplateVariable[] =>
      typeof name === 'string'
        ? [
            {
              name,
              fields: fields.map((field) => (typeof field === 'object' ? undefined : field)),
              row,
              column: col,
            },
          ]
        : [],
    );

const PLACE = /, line:(\d+), col:(\d+)$/;

/** The parser takes what stands behind for more of the first, and misses a filter. */
const UNCLOSED = /\{\{(?:(?!\}\}).)*\{\{/s;
const MISREAD = /^(expected "\|"|unexpected token)/;

/** The parser's own sentence, with the place in words; a name that nobody knows gets the nearest one. */
const explain = (error: unknown, text: string): TemplateProblem => {
  const said = firstLineOf(error);
  const [, row, column] = PLACE.exec(said) ?? [];
  const bare = said.replace(PLACE, '');
  const reason = UNCLOSED.test(text) && MISREAD.test(bare) ? 'a {{ has no }} before the next one' : bare;
  const suggestion = suggestWord(reason);
  const place = row === undefined ? '' : ` (line ${row}, column ${column} of the template)`;
  return {
    message: `this is no template: ${reason}${place}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
};

/** The word that was most likely meant where the parser does not know one. */
const suggestWord = (reason: string): string | undefined => {
  const filter = /^undefined filter: (.*)$/.exec(reason)?.[1];
  if (filter !== undefined) return suggestName(filter, FILTER_NAMES);
  const tag = /^tag "(.*)" not found$/.exec(reason)?.[1];
  return tag === undefined ? undefined : suggestName(tag, TAG_NAMES);
};
