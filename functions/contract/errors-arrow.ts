import { DaybreakError } from './errors.ts';

/** A column has a type that no block can carry; thrown when the plan is made, before any row. */
export class ColumnTypeError extends DaybreakError {
  override readonly name = 'ColumnTypeError';

  constructor(column: string, type: string, reason: string, options?: ErrorOptions) {
    super(
      `column "${column}" has the type ${type}, which cannot cross between stages: ${reason}; cast it to a type that can`,
      options,
    );
  }
}

/** A value does not fit the Arrow type that its column crosses as. */
export class ColumnOverflowError extends DaybreakError {
  override readonly name = 'ColumnOverflowError';

  constructor(column: string, type: string, limit: string, options?: ErrorOptions) {
    super(
      `column "${column}" (${type}) holds a value beyond ${limit}, which its Arrow type cannot hold; cast or split it`,
      options,
    );
  }
}

/** The bytes are not an Arrow IPC stream that we can read: cut short, damaged, or of an unknown form. */
export class ArrowFormatError extends DaybreakError {
  override readonly name = 'ArrowFormatError';

  constructor(what: string, options?: ErrorOptions) {
    super(`this is not an Arrow stream that can be read: ${what}`, options);
  }
}
