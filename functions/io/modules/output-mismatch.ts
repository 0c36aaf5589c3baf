/**
 * What a function returned does not fit the declared output. The message never carries a value; `said` may: it is
 * what goes on from the message in the author's own words, such as a name that the output does not declare.
 */
export class OutputMismatch extends Error {
  override readonly name = 'OutputMismatch';
  /** The column and the way into it, innermost last: `["tags", 3, "name"]`; a row of several comes first. */
  readonly path: (string | number)[];
  readonly said: string;

  constructor(
    message: string,
    { path = [], said = '' }: { readonly path?: readonly (string | number)[]; readonly said?: string } = {},
  ) {
    super(message);
    this.path = [...path];
    this.said = said;
  }
}

/** Runs `write` and puts `step` in front of the path of a mismatch. */
export const within = <Result>(step: string | number, write: () => Result): Result => {
  try {
    return write();
  } catch (error) {
    if (error instanceof OutputMismatch) error.path.unshift(step);
    throw error;
  }
};

/** The sentence of a mismatch: `column "tags"[3]: expected VARCHAR, found a bigint`. */
export const renderMismatch = ({ path, message }: OutputMismatch): string => {
  const [row, ...rest] = path;
  if (typeof row === 'number') return `row ${row} of those returned, ${renderColumn(rest, message)}`;
  return renderColumn(path, message);
};

const renderColumn = (path: readonly (string | number)[], message: string): string => {
  const [column, ...inside] = path;
  if (column === undefined) return message;
  const way = inside.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return `column ${JSON.stringify(column)}${way}: ${message}`;
};

/** Says what a value is, never what it holds. */
export const describeKind = (value: unknown): string => {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined (write null for NULL)';
  if (Number.isNaN(value)) return 'NaN';
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'a whole number' : 'a number with a fraction';
    case 'object':
      return describeObject(value);
    case 'string':
      return 'a string';
    default:
      return `a ${typeof value}`;
  }
};

const describeObject = (value: object): string => {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === 'Object' ? 'an object' : `a ${tag.slice(0, 50)}`;
};
