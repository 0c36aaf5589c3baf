/** Longer texts are cut: a message goes into objects and states with limits of their own. */
const MOST_CHARACTERS = 2_000;

/**
 * The sentence in the `Cause` of an error of Step Functions: of a function that threw, its `errorMessage`; else the
 * text as it is.
 */
export const readCause = (cause: string | undefined): string => {
  if (cause === undefined || cause === '') return 'it gave no reason';
  const message = messageIn(cause) ?? cause;
  return message.length <= MOST_CHARACTERS ? message : `${message.slice(0, MOST_CHARACTERS)} …`;
};

const messageIn = (cause: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed !== 'object' || parsed === null || !('errorMessage' in parsed)) return undefined;
    return typeof parsed.errorMessage === 'string' ? parsed.errorMessage : undefined;
  } catch {
    // Causes of the machine are plain text.
    return undefined;
  }
};
