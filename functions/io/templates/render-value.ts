/**
 * The text of a value that a template puts out: NULL is empty, a list or a struct is JSON, anything else as it is.
 * docs/infer.md has the table.
 */
export const renderValue = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};
