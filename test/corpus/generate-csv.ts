import type { CsvDialect } from '../../functions/core/csv-machine.ts';

/** A generated file, with what its reader must be told. */
export type CsvCase = {
  readonly seed: number;
  readonly text: string;
  readonly dialect: CsvDialect;
  readonly columns: number;
  readonly hasHeader: boolean;
  readonly nullPadding: boolean;
  /** 2 to 50. */
  readonly ranges: number;
  readonly features: readonly string[];
};

/** The generator mulberry32: 32 bits of state, the same numbers on every machine. */
export const createRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Dice = {
  readonly chance: (share: number) => boolean;
  readonly below: (limit: number) => number;
  readonly pick: <Item>(items: readonly [Item, ...Item[]]) => Item;
};

const createDice = (seed: number): Dice => {
  const random = createRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return {
    below,
    chance: (share) => random() < share,
    pick: (items) => items[below(items.length)] ?? items[0],
  };
};

const DELIMITERS = [',', ',', ',', ';', '\t', '|', '||', '::', '<=>', 'aab', '~~~~', 'abab'] as const;

/** Below DuckDB's default, so that a small file can hold a row that is too long. */
const MAX_ROW_BYTES = 200_000;

const pickDialect = (dice: Dice): CsvDialect => {
  const quote = dice.chance(0.85) ? dice.pick(['"', '"', '"', "'"]) : null;
  const escapeChar = quote === null ? null : dice.pick([quote, quote, quote, '\\', null]);
  return {
    delimiter: dice.pick(DELIMITERS),
    quote,
    escape: escapeChar,
    newline: dice.pick(['\n', '\n', '\r\n']),
    maxRowBytes: MAX_ROW_BYTES,
  };
};

const WORDS = [
  '',
  'a',
  'b',
  'aa',
  'ab',
  'x y',
  '0',
  '-1.5',
  'NULL',
  'ü',
  '日本',
  '😀',
  'tab\there',
  '~',
  '<',
  '=',
] as const;

/** What may go wrong in a file; most files have none of it. */
const FAULTS = [
  'stray-quote',
  'text-after-quote',
  'lone-return',
  'mixed-newline',
  'unterminated',
  'ragged',
  'inner-bom',
  'spaces',
  'escapes',
] as const;
type Fault = (typeof FAULTS)[number];

type Recipe = {
  readonly dice: Dice;
  readonly dialect: CsvDialect;
  readonly faults: ReadonlySet<Fault>;
  readonly faultShare: number;
};

const plainCell = ({ dice, dialect, faults, faultShare }: Recipe): string => {
  const words = Array.from({ length: dice.below(3) }, () => dice.pick(WORDS));
  let cell = words.join(dice.pick(['', ' ', '-'])).replaceAll(dialect.delimiter, '');
  if (faults.has('spaces') && dice.chance(0.3))
    cell = `${' '.repeat(dice.below(3))}${cell}${' '.repeat(dice.below(3))}`;
  if (faults.has('escapes') && dice.chance(faultShare))
    cell += dice.pick(['\\', '\\\\', '\\n', '\\,', `\\${dialect.newline}`]);
  if (faults.has('stray-quote') && dice.chance(faultShare)) cell = `x${cell}${dialect.quote ?? '"'}`;
  if (faults.has('lone-return') && dice.chance(faultShare)) cell += '\r';
  if (faults.has('mixed-newline') && dice.chance(faultShare)) cell += dice.pick(['\n', '\r\n']);
  if (faults.has('inner-bom') && dice.chance(0.3)) cell = `\uFEFF${cell}`;
  return cell;
};

const quotedCell = (recipe: Recipe, quote: string): string => {
  const { dice, dialect, faults, faultShare } = recipe;
  const { escape: escapeChar } = dialect;
  const parts = Array.from({ length: dice.below(5) }, () =>
    dice.pick([
      ...WORDS,
      dialect.delimiter,
      dialect.newline,
      dialect.newline,
      '\n',
      '\r',
      `\n1${dialect.delimiter}2${dialect.delimiter}3\n`,
      ...(escapeChar === null
        ? []
        : [`${escapeChar}${quote}`, `${escapeChar}${quote}`, `${escapeChar}${escapeChar}`]),
      ...(escapeChar === '\\' && dice.chance(faultShare) ? ['\\x', '\\\n'] : []),
    ] as [string, ...string[]]),
  );
  const pad = (): string => (faults.has('spaces') && dice.chance(0.3) ? ' '.repeat(dice.below(3)) : '');
  const close = faults.has('unterminated') && dice.chance(faultShare) ? '' : quote;
  const after =
    faults.has('text-after-quote') && dice.chance(faultShare)
      ? dice.pick(['x', ` ${quote}x${quote}`, quote])
      : '';
  return `${pad()}${quote}${parts.join('')}${close}${after}${pad()}`;
};

const makeRow = (recipe: Recipe, columns: number, quotedShare: number): string => {
  const { dice, dialect, faults, faultShare } = recipe;
  const isRagged = faults.has('ragged') && dice.chance(faultShare);
  const cells = Array.from({ length: isRagged ? 1 + dice.below(columns + 2) : columns }, () =>
    dialect.quote !== null && dice.chance(quotedShare)
      ? quotedCell(recipe, dialect.quote)
      : plainCell(recipe),
  );
  return cells.join(dialect.delimiter);
};

/**
 * Makes one short file out of delimiters, quotes, newlines, spaces and parts of them in any order,
 * which is cut at every byte; the same seed makes the same file.
 */
export const generateSoup = (seed: number): CsvCase => {
  const dice = createDice(seed);
  const dialect = pickDialect(dice);
  const { delimiter, newline, quote } = dialect;
  const first = delimiter.slice(0, 1);
  const pieces: string[] = [
    'a',
    'b',
    ' ',
    delimiter,
    delimiter,
    first,
    delimiter.slice(-1),
    newline,
    newline,
    newline,
  ];
  if (quote !== null) {
    pieces.push(quote, quote, `${quote}${quote}`, `${delimiter}${quote}`, `${quote}${delimiter}`);
    pieces.push(`${quote}${newline}`, `${newline}${quote}`, ` ${quote}`);
  }
  if (dice.chance(0.4)) pieces.push('\\', `\\${quote ?? ''}`, '\\\\');
  if (dice.chance(0.15)) pieces.push('\n', '\r');
  const text = Array.from({ length: 3 + dice.below(30) }, () => pieces[dice.below(pieces.length)]).join('');
  const columns = dice.pick([1, 2, 9]);
  return {
    seed,
    text,
    dialect,
    columns,
    hasHeader: false,
    nullPadding: columns === 9,
    ranges: Math.max(2, text.length),
    features: ['soup'],
  };
};

/** Makes one file; the same seed makes the same file. */
export const generateCsv = (seed: number): CsvCase => {
  const dice = createDice(seed);
  const dialect = pickDialect(dice);
  const faults = new Set(dice.chance(0.5) ? [] : FAULTS.filter(() => dice.chance(0.2)));
  const recipe: Recipe = { dice, dialect, faults, faultShare: dice.pick([0.01, 0.05, 0.3]) };
  const columns = dice.pick([1, 2, 3, 3, 5]);
  const quotedShare = dice.pick([0, 0.01, 0.1, 0.5, 1]);
  // Long stretches without a quote are counted by another way than the machine.
  const maxLines = dice.chance(0.1) ? 800 : 60;
  const hasHeader = dice.chance(0.4);
  const hasBom = dice.chance(0.15);
  const hasHuge = dice.chance(0.02);
  const lines = Array.from({ length: dice.chance(0.05) ? 0 : dice.below(maxLines) }, () =>
    dice.chance(0.05) ? '' : makeRow(recipe, columns, quotedShare),
  );
  if (hasHuge) lines.splice(dice.below(lines.length + 1), 0, hugeRow(recipe, columns));
  if (hasHeader) lines.unshift(makeRow({ ...recipe, faults: new Set() }, columns, quotedShare));
  const isEnded = dice.chance(0.7);
  const text = `${hasBom ? '\uFEFF' : ''}${lines.join(dialect.newline)}${isEnded && lines.length > 0 ? dialect.newline : ''}`;
  const nullPadding = faults.has('ragged') && dice.chance(0.3);
  return {
    seed,
    text,
    dialect,
    columns,
    hasHeader,
    nullPadding,
    ranges: 2 + dice.below(49),
    features: [...faults, ...(hasBom ? ['bom'] : []), ...(hasHuge ? ['huge'] : [])],
  };
};

const hugeRow = ({ dice, dialect }: Recipe, columns: number): string => {
  const line = `${'long text '.repeat(20)}${dialect.quote === null ? '' : dialect.newline}`;
  const field = line.replaceAll(dialect.delimiter, '').repeat(50 + dice.below(2000));
  const cell = dialect.quote === null ? field : `${dialect.quote}${field}${dialect.quote}`;
  return [cell, ...Array.from({ length: columns - 1 }, () => '1')].join(dialect.delimiter);
};
