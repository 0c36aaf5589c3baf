/**
 * What a DuckDB error means to a task. `reader`: an input file could not be read as its format, which
 * the input's own code judges. `interrupted`: the runner asked for it. `fault`: neither the data nor the
 * machine explains it: a mistake of ours, or of the engine.
 */
export type DuckDBFailure = {
  readonly kind: 'QueryError' | 'TaskMemoryError' | 'TaskDiskError' | 'reader' | 'interrupted' | 'fault';
  /** One sentence without a value of any cell. */
  readonly message: string;
};

const READER =
  /CSV Error on Line|Error when sniffing file|CSV options|CSV Parser state machine|(?:Malformed JSON|JSON transform error|Invalid unicode|Unexpected JSON|Unexpected yyjson tag|Missing field) .*(?:in|from) file|[Mm]aximum_object_size|No magic bytes|too small to be a Parquet|TProtocolException|Parquet file|Invalid PAR1|Snappy|zstd|gzip|GZIP|Failed to read file|schema mismatch in (?:glob|file)|read_csv|read_json|read_parquet/;

const NO_SPACE = /No space left on device|Disk quota exceeded|max_temp_directory_size|File too large/;

/** Classes whose cause is a value: DuckDB's names before the word Error. */
const VALUE_CLASSES: ReadonlySet<string> = new Set([
  'Conversion',
  'Constraint',
  'Decimal',
  'Divide by Zero',
  'Invalid Input',
  'Invalid type',
  'Mismatch Type',
  'Not implemented',
  'Object Size',
  'Out of Range',
  'Sequence',
  'Syntax',
]);

/** Says what an error that DuckDB raised while a task ran means, by the text of the error alone. */
export const classifyDuckDBError = (text: string): DuckDBFailure => {
  const [, className = '', body = text] = /^([A-Za-z_ ]+?) Error: ([\s\S]*)$/.exec(text) ?? [];
  const message = redactDuckDBMessage(text);
  if (/^INTERRUPT/i.test(text) || className === 'INTERRUPT') return { kind: 'interrupted', message };
  if (NO_SPACE.test(body)) return { kind: 'TaskDiskError', message };
  if (className === 'Out of Memory' || /std::bad_alloc|could not allocate block/i.test(body)) {
    return { kind: 'TaskMemoryError', message: redactDuckDBMessage(text, SIZES) };
  }
  if (READER.test(body)) return { kind: 'reader', message };
  if (VALUE_CLASSES.has(className)) return { kind: 'QueryError', message };
  return { kind: 'fault', message };
};

const GAP = '…';

/** Sizes as the engine writes them of its own buffers, `256.0 KiB`; no value of a cell stands in these sentences. */
const SIZES = /[\d.]+ (?:[KMGT]iB|bytes?)\b/;

/**
 * Takes out of DuckDB's sentence whatever may be the value of a cell: all between its first and its last
 * quote, all after its first colon, all numbers but those that `kept` finds, and the lines below.
 */
export const redactDuckDBMessage = (text: string, kept = /(?!)/): string => {
  const [, className, body = text] = /^([A-Za-z_ ]+? Error): ([\s\S]*)$/.exec(text) ?? [];
  const sentence = body
    .replace(/\n\nLINE \d+:[\s\S]*$/, '')
    .replaceAll(/can't be (?=cast)/g, 'cannot be ')
    .replace(/with value [\s\S]* cannot be cast/, `with value ${GAP} cannot be cast`)
    .replace(/(["'])[\s\S]*["']/, GAP)
    .replace(/["'][\s\S]*$/, GAP)
    .replace(/: [\s\S]*$/, '')
    .replace(/\n[\s\S]*$/, '')
    // Digits of type names (INT32, DECIMAL(4,2)) say nothing of a cell.
    .replaceAll(
      new RegExp(`${kept.source}|\\bDECIMAL\\(\\d+,\\s?\\d+\\)|[A-Za-z_]\\w*|[-+]?\\d[\\d.,:eE+-]*`, 'g'),
      (part) => (/^[-+\d]/.test(part) && !kept.test(part) ? GAP : part),
    )
    .trim();
  return className === undefined ? sentence : `${className}: ${sentence}`;
};
