/**
 * Liquid as prompts may use it. Law: what a template gives depends on the row alone, and reaches nothing but the row:
 * no other template, no file, no clock, no chance, no time zone of the machine, no property that a value inherits.
 */
import { Context, filters, Liquid, type Template, tags } from 'liquidjs';
import { INFER_LIMITS } from '../../contract/planned-infer.ts';
import { SPEC_LIMITS } from '../../contract/spec-limits.ts';
import { renderValue } from './render-value.ts';

/** Bounds of one rendering. The first two are the same on every machine; the third only ends what they let through. */
export const TEMPLATE_LIMITS = {
  /** Outputs, texts and tags that are rendered, those in loops each time. */
  nodes: 200_000,
  /** Characters and elements that filters and ranges make. */
  made: 2 * INFER_LIMITS.requestCharacters,
  milliseconds: 10_000,
} as const;

/** They read other templates, or keep something from one rendering to the next. */
const REFUSED_TAGS = ['include', 'render', 'layout', 'block'] as const;
/** One draws by chance; the other puts out what nobody has made a text of, nor counted. */
const REFUSED_FILTERS = ['sample', 'raw'] as const;

const DATE_FILTERS = [
  'date',
  'date_to_xmlschema',
  'date_to_rfc822',
  'date_to_string',
  'date_to_long_string',
] as const;

/** A date, or a date and a time with or without its zone: DuckDB's own text, and ISO 8601. */
const A_DATE = /^(\d{4,6}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)([+-]\d{2}(?::?\d{2})?|Z)?)?$/;

/** Without a zone a time is UTC, wherever this runs; `now` would be another one in each attempt. */
const readDate = (value: unknown): unknown => {
  if (typeof value !== 'string' || value === '') return value;
  const [, day, time, zone = 'Z'] = A_DATE.exec(value) ?? [];
  if (day === undefined) throw new Error('a date filter takes a date such as 2026-01-31, or seconds');
  if (time === undefined) return `${day}T00:00:00Z`;
  return `${day}T${time}${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone}`;
};

/** Names of filters that a template may use, for suggestions. */
export const FILTER_NAMES: readonly string[] = Object.keys(filters).filter(
  (name) => !(REFUSED_FILTERS as readonly string[]).includes(name),
);
export const TAG_NAMES: readonly string[] = Object.keys(tags).filter(
  (name) => !(REFUSED_TAGS as readonly string[]).includes(name),
);

/** An engine of its own: engines share no state. `onOutput` hears of each text that a template puts out. */
export const createLiquid = (onOutput: (text: string) => void = () => {}): Liquid => {
  const liquid = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    // In memory, and empty: there is no other template.
    templates: {},
    dynamicPartials: false,
    cache: false,
    locale: 'en-US',
    timezoneOffset: 0,
    parseLimit: SPEC_LIMITS.promptLength,
    renderLimit: TEMPLATE_LIMITS.milliseconds,
    memoryLimit: TEMPLATE_LIMITS.made,
    outputEscape: (value: unknown) => {
      const text = renderValue(value);
      onOutput(text);
      return text;
    },
  });
  for (const tag of REFUSED_TAGS) delete liquid.tags[tag];
  for (const filter of REFUSED_FILTERS) delete liquid.filters[filter];
  for (const name of DATE_FILTERS) {
    const format = filters[name] as (this: unknown, ...values: unknown[]) => unknown; // a function of its value
    liquid.registerFilter(name, function (this: unknown, value: unknown, ...rest: unknown[]) {
      return format.call(this, readDate(value), ...rest);
    });
  }
  return liquid;
};

/** Renders a template over one row. Fails where it passes {@link TEMPLATE_LIMITS}. */
export const renderTemplate = (liquid: Liquid, template: readonly Template[], scope: object): string => {
  const context = new Context(scope, liquid.options, { sync: true }, { liquid });
  const { renderLimit } = context;
  const checkTime = renderLimit.check.bind(renderLimit);
  let nodes = 0;
  // It is asked before each node; by itself it knows nothing but the time.
  renderLimit.check = (now: number): void => {
    nodes += 1;
    if (nodes > TEMPLATE_LIMITS.nodes) {
      throw new Error(`the template renders more than ${TEMPLATE_LIMITS.nodes} of its parts for one row`);
    }
    checkTime(now);
  };
  return String(liquid.renderSync([...template], context));
};
