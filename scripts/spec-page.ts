/** Renders docs/spec.md, the reference of the job spec, from the JSON Schema of the spec and the tables beside it. */
import {
  MISSING_FEATURE_NAMES,
  PLANNED_FIELDS,
  PLANNED_STEPS,
  PLANNED_VALUES,
} from '../functions/contract/spec-features.ts';
import { SPEC_LIMITS } from '../functions/contract/spec-limits.ts';
import { INSTANT_WORDS, SQL_FUNCTIONS, type SqlFunction } from '../functions/contract/sql-functions.ts';
import { STEPS } from '../functions/contract/steps.ts';

/** What this page uses of JSON Schema. */
export type SchemaNode = {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
};

/** The spec at the top of the page; a test parses it. */
export const EXAMPLE_SPEC = `name: late-flights
input:
  uri: data/flights-*.csv          # a file, a folder, a pattern, or a list of them
steps:
  - filter: "delay IS NOT NULL AND date >= DATE '2001-01-01'"
  - extend: { is_late: "delay > 15" }
  - group_by:
      keys: [origin]
      aggregates: { flights: "count(*)", late: "avg(is_late::INT)", worst: "max(delay)" }
  - sort: { by: [late DESC, flights DESC], limit: 20 }
output: { uri: out/late-flights/, format: parquet, mode: fail }
deadline: 10m
errors: { max_rejects: 1% }
`;

/** Definitions that are one word in a table; their meaning stands under "Values". */
const WORDS: Readonly<Record<string, string>> = {
  Expression: 'expression',
  ColumnName: 'column name',
  TypeText: 'type',
  Duration: 'duration',
  Uri: 'path',
  SortKey: 'sort key',
  Step: 'step',
};

const SECTIONS: readonly (readonly [definition: string, title: string])[] = [
  ['InputSpec', 'input'],
  ['CsvOptions', 'input.csv'],
  ['JsonlOptions', 'input.jsonl'],
  ['TextOptions', 'input.text'],
  ['OutputSpec', 'output'],
  ['ErrorsSpec', 'errors'],
  ['LoraAdapter', 'lora'],
];

const STEP_SECTIONS: readonly (readonly [definition: string, title: string])[] = [
  ['GroupByStep', 'group_by'],
  ['SortStep', 'sort'],
  ['RepartitionStep', 'repartition'],
  ['UserModule', 'map, flat_map, map_batches, map_groups'],
  ['InferStep', 'infer'],
  ['Sampling', 'infer.sampling'],
];

const TITLES = new Map([...SECTIONS, ...STEP_SECTIONS]);
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9_ -]/g, '')
    .replaceAll(' ', '-');
const code = (value: unknown): string => {
  const isReadable = typeof value === 'string' && !/\p{Cc}/u.test(value);
  return `\`${isReadable ? value : JSON.stringify(value)}\``;
};
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

const refName = (node: SchemaNode): string | undefined => node.$ref?.replace('#/$defs/', '');

const renderRange = ({ minimum, exclusiveMinimum, maximum }: SchemaNode): string => {
  const least = exclusiveMinimum === undefined ? minimum : undefined;
  const top = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${top === undefined ? '' : `, at most ${top}`}`;
  if (least !== undefined && top !== undefined) return ` from ${least} to ${top}`;
  return least !== undefined && least > Number.MIN_SAFE_INTEGER ? `, at least ${least}` : '';
};

const renderText = ({ format, pattern }: SchemaNode): string => {
  if (format === 'date-time') return 'ISO 8601 instant';
  if (pattern?.endsWith('%$')) return 'rate';
  return pattern?.endsWith(' USD$') ? 'amount' : 'text';
};

const renderPlural = (type: string): string =>
  /^[a-z ]+$/.test(type) ? `${type}s` : type.replace('[mapping]', '[mappings]');

const renderType = (node: SchemaNode): string => {
  const name = refName(node);
  if (name !== undefined) {
    const title = TITLES.get(name);
    return title === undefined ? (WORDS[name] ?? name) : `[mapping](#${anchor(title)})`;
  }
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  if (node.const !== undefined) return code(node.const);
  if (node.anyOf !== undefined) return node.anyOf.map(renderType).join(' or ');
  switch (node.type) {
    case 'string':
      return renderText(node);
    case 'integer':
      return `whole number${renderRange(node)}`;
    case 'number':
      return `number${renderRange(node)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `list of ${node.items === undefined ? 'values' : renderPlural(renderType(node.items))}`;
    default:
      return typeof node.additionalProperties === 'object' &&
        Object.keys(node.additionalProperties).length > 0
        ? `mapping of column to ${renderType(node.additionalProperties)}`
        : 'mapping';
  }
};

/** Follows a reference where a field adds nothing of its own. */
const resolve = (root: SchemaNode, node: SchemaNode): SchemaNode => {
  const name = refName(node);
  if (name === undefined) return node;
  const { $ref: _followed, ...own } = node;
  return { ...root.$defs?.[name], ...own };
};

const renderFields = (root: SchemaNode, definition: SchemaNode): string => {
  const required = new Set(definition.required ?? []);
  const rows = Object.entries(definition.properties ?? {}).map(([name, field]) => {
    const target = resolve(root, field);
    const isEnum = target.enum !== undefined;
    const value = required.has(name) ? 'required' : field.default === undefined ? '' : code(field.default);
    return [code(name), renderType(isEnum ? target : field), value, target.description ?? ''];
  });
  return table(['field', 'value', 'default', 'meaning'], rows);
};

const renderSection = (root: SchemaNode, [name, title]: readonly [string, string], level: string): string => {
  const definition = root.$defs?.[name];
  if (definition === undefined) throw new Error(`the schema has no definition ${name}`);
  return [`${level} ${title}`, definition.description ?? '', renderFields(root, definition)].join('\n\n');
};

const renderSteps = (root: SchemaNode): string => {
  const steps = root.$defs?.Step?.anyOf ?? [];
  const rows = steps.flatMap((step) =>
    Object.entries(step.properties ?? {}).map(([name, field]) => {
      const target = resolve(root, field);
      const planned = MISSING_FEATURE_NAMES.includes(name)
        ? ' Not there yet.'
        : MISSING_FEATURE_NAMES.includes(`${name} on a deployment`)
          ? ' On a deployment not there yet.'
          : '';
      return [
        code(name),
        renderType(target.anyOf === undefined ? field : target),
        `${target.description ?? ''}${planned}`,
      ];
    }),
  );
  if (rows.length !== Object.keys(STEPS).length) throw new Error('the schema lacks a step');
  return table(['step', 'value', 'meaning'], rows);
};

const renderValues = (root: SchemaNode): string =>
  table(
    ['value', 'meaning'],
    Object.entries(WORDS)
      .filter(([name]) => name !== 'Step')
      .map(([name, word]) => [word, root.$defs?.[name]?.description ?? '']),
  );

const renderPlanned = (): string => {
  const values = Object.entries(PLANNED_VALUES).flatMap(([field, words]) =>
    words.map((word) => `${field}: ${word}`),
  );
  return [
    `A spec may say these, and \`daybreak validate\` takes them; \`daybreak run\` of this version answers that they are not there yet: ${MISSING_FEATURE_NAMES.join(', ')}.`,
    `These words are kept for later, and no spec may use them yet: ${[...PLANNED_STEPS, ...PLANNED_FIELDS, ...values].map(code).join(', ')}.`,
  ].join('\n\n');
};

const renderLimits = (): string =>
  table(
    ['limit', 'value'],
    Object.entries(SPEC_LIMITS).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      value.toLocaleString('en-US'),
    ]),
  );

const namesWhere = (isWanted: (row: SqlFunction) => boolean): readonly string[] =>
  [...SQL_FUNCTIONS].flatMap(([name, row]) => (isWanted(row) ? [name] : [])).sort();
const renderNames = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ');

const renderFunctions = (): string => {
  const topics = [
    ...new Set([...SQL_FUNCTIONS.values()].flatMap((row) => (row.kind === 'scalar' ? [row.topic] : []))),
  ];
  const scalars = topics.map(
    (topic) =>
      `**${topic}**: ${renderNames(namesWhere((row) => row.kind === 'scalar' && row.topic === topic))}`,
  );
  const aggregates = (title: string, merge: 'algebraic' | 'holistic', isOrderDependent: boolean): string =>
    `**${title}**: ${renderNames(namesWhere((row) => row.kind === 'aggregate' && row.merge === merge && row.isOrderDependent === isOrderDependent))}`;
  return [
    '### Scalar functions',
    ...scalars,
    '### Aggregates',
    aggregates('Merged from partial results', 'algebraic', false),
    aggregates('All rows of a group meet', 'holistic', false),
    aggregates('The order counts, so an ORDER BY inside is required', 'holistic', true),
    '### The clock',
    `Bound to the instant of submission: ${renderNames([...new Set([...namesWhere((row) => row.kind === 'instant'), ...INSTANT_WORDS.keys()])].sort())}`,
  ].join('\n\n');
};

/** The whole page, from the JSON Schema of the spec. */
export const renderSpecPage = (schema: SchemaNode): string => {
  const root: SchemaNode = resolve(schema, schema);
  const withDefs: SchemaNode = { ...root, ...(schema.$defs === undefined ? {} : { $defs: schema.$defs }) };
  return `${[
    '# The job spec',
    '<!-- Generated by `npm run contract` from functions/contract. Do not edit. -->',
    'A job is one YAML or JSON document. `daybreak validate` checks it without running; an editor can use [spec.schema.json](spec.schema.json).',
    `\`\`\`yaml\n${EXAMPLE_SPEC}\`\`\``,
    renderFields(withDefs, withDefs),
    ...SECTIONS.map((section) => renderSection(withDefs, section, '##')),
    '## steps',
    'A list; each step is a mapping with exactly one key. The rows go through the steps in order.',
    renderSteps(withDefs),
    ...STEP_SECTIONS.map((section) => renderSection(withDefs, section, '###')),
    '## Values',
    renderValues(withDefs),
    'YAML is read as YAML 1.2: `yes`, `no`, `on`, `y` and dates are text. Anchors, aliases, merge keys, tags and a second document are refused. Names of columns that differ only in case are one name.',
    '## Not there yet',
    renderPlanned(),
    '## Limits',
    renderLimits(),
    '## Expressions',
    "An expression is SQL in DuckDB's dialect: columns, constants, operators, `CASE`, casts and the functions below; no subqueries, windows, table functions or `COLLATE`. Every session has the time zone UTC.",
    renderFunctions(),
  ].join('\n\n')}\n`;
};
