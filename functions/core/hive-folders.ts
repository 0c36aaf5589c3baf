/** The law: `key=value` folders are columns as DuckDB and Spark write them, and the last of equal keys counts. */

/** What Hive, Spark and DuckDB name the folder of rows whose key is NULL. */
export const NULL_PARTITION = '__HIVE_DEFAULT_PARTITION__';

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % is literal: nobody encoded this name.
    return text;
  }
};

/** Reads the `key=value` folders of a path; its last component, the file, is not a folder. */
export const parseHiveFolders = (path: string): Readonly<Record<string, string | null>> => {
  const values = new Map<string, string | null>();
  for (const folder of path.split('/').slice(0, -1)) {
    const equals = folder.indexOf('=');
    if (equals < 1) continue;
    const value = folder.slice(equals + 1);
    values.set(decode(folder.slice(0, equals)), value === NULL_PARTITION ? null : decode(value));
  }
  return Object.fromEntries(values);
};

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const INTEGER = /^-?\d{1,18}$/;

const isDate = (text: string): boolean =>
  DATE.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** Chooses BIGINT, DATE or VARCHAR: the first that every value fits. Only nulls are VARCHAR. */
export const inferHiveType = (values: readonly (string | null)[]): 'BIGINT' | 'DATE' | 'VARCHAR' => {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return 'VARCHAR';
  if (known.every((value) => INTEGER.test(value))) return 'BIGINT';
  return known.every(isDate) ? 'DATE' : 'VARCHAR';
};
