import type { Column } from '../contract/columns.ts';
import type { PinnedArrowInput, PinnedFile } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { quoteIdentifier } from './quote.ts';
import { type InputGroup, renderInputColumn } from './read-column.ts';

/** Arrow files with the same columns: the session has a table function over them, under this name. */
export type ArrowGroup = {
  readonly name: string;
  /** The number of the row's file among `files`, an INTEGER: the first column of the table function. */
  readonly fileIndex: string;
  /** The columns behind it: of the files, in their order, with their types. */
  readonly columns: readonly Column[];
  readonly files: readonly PinnedFile[];
};

/** The type of a column that holds nulls alone. */
export const NULL_TYPE = '"NULL"';

/** Groups the files that have rows by their columns, in the order of the first of each. */
export const groupArrowFiles = ({ files, layouts }: PinnedArrowInput): readonly ArrowGroup[] => {
  const groups = new Map<number, PinnedFile[]>();
  for (const file of files) {
    if (file.rows === 0) continue;
    const layout = file.layout ?? -1;
    const group = groups.get(layout);
    if (group === undefined) groups.set(layout, [file]);
    else group.push(file);
  }
  return [...groups].map(([layout, files]) => {
    const columns = layouts[layout];
    if (columns === undefined) throw new Error(`an Arrow file has no layout ${layout}`);
    // Where a file has a column of that name, nothing of the folders or of the path is asked for.
    const isTaken = columns.some(({ name }) => foldColumnName(name) === 'file_index');
    const fileIndex = isTaken ? 'daybreak_file_index' : 'file_index';
    return { name: `daybreak_arrow_${layout}`, fileIndex, columns, files };
  });
};

/** Renders what is selected from each table function: columns by name, cast where files differ in their types. */
export const planArrow = (input: PinnedArrowInput, columns: readonly Column[]): readonly InputGroup[] =>
  groupArrowFiles(input).map(({ name, columns: own, files }) => {
    const types = new Map(own.map((column) => [column.name, column.type]));
    const typesOf = new Map(input.columns.map((column) => [column.name, column.type]));
    const has = (column: string): boolean => types.has(column) && types.get(column) !== NULL_TYPE;
    const select = columns.map((column) => {
      const rendered = renderInputColumn(input, column, { files, has });
      const isOwn = rendered === quoteIdentifier(column.name);
      return isOwn && types.get(column.name) !== typesOf.get(column.name)
        ? `CAST(${rendered} AS ${column.type}) AS ${rendered}`
        : rendered;
    });
    return { files, select: select.join(', '), from: `${name}()` };
  });
