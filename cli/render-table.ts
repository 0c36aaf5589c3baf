/** Cells longer than this are cut, so that one long text does not push the others off the screen. */
const WIDEST_CELL = 40;

/** Control characters would let data move the cursor or recolour the terminal. */
const printable = (cell: string): string => cell.replaceAll(/\p{Cc}/gu, ' ');

const clip = (cell: string, widest: number): string =>
  cell.length > widest ? `${cell.slice(0, widest - 1)}…` : cell;

/** Renders rows under a header as aligned columns; those named in `right` are aligned to the right. */
export const renderTable = (options: {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly right?: ReadonlySet<number>;
  /** In characters; for names that somebody copies, as wide as they can be. */
  readonly widestCell?: number;
}): string => {
  const widest = options.widestCell ?? WIDEST_CELL;
  const lines = [options.header, ...options.rows].map((row) =>
    row.map((cell) => clip(printable(cell), widest)),
  );
  const widths = options.header.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const render = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return options.right?.has(column) === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const [header = [], ...rows] = lines;
  return [render(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(render)].join(
    '\n',
  );
};
