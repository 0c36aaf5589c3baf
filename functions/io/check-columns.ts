import { InputSchemaError, LimitError } from '../contract/errors-input.ts';
import { INPUT_LIMITS } from '../contract/pinned-input.ts';

/** Throws LimitError where a file has more columns than {@link INPUT_LIMITS}. */
export const refuseColumnCount = (path: string, columns: number): void => {
  if (columns > INPUT_LIMITS.columns)
    throw new LimitError({
      what: `columns of the input file ${JSON.stringify(path)}`,
      found: String(columns),
      limit: String(INPUT_LIMITS.columns),
    });
};

/** Throws InputSchemaError where a name is empty or has control characters, which no SQL can carry safely. */
export const refuseHostileNames = (path: string, names: readonly string[]): void => {
  const hostile = names.filter((name) => name.trim() === '' || /\p{Cc}/u.test(name));
  if (hostile.length > 0)
    throw new InputSchemaError({
      path,
      reason: 'has a column without a name, or with control characters in it',
      columns: hostile,
    });
};
