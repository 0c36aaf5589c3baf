const MASK = '(not shown)';

/** The value with the texts of some fields masked, or as a whole where it is a text: for messages about it. */
export const maskTexts = (value: unknown, fields: readonly string[]): unknown => {
  if (typeof value === 'string') return MASK;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, text]) => [
      field,
      fields.includes(field) && typeof text === 'string' ? MASK : text,
    ]),
  );
};
