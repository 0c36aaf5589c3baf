import * as z from 'zod';
import { ChatMessage } from '../../contract/planned-infer.ts';

/** Fields that a message has beside these are nobody's. */
const Messages = z.array(z.looseObject(ChatMessage.shape));

/** A column of messages that holds none; the sentence goes into the row's reject. */
export class MessagesError extends Error {
  override readonly name = 'MessagesError';
}

const ROLES = ChatMessage.shape.role.options.join(', ');

/**
 * The messages of a row: a list of structs with role and content, or JSON text of such a list. Throws MessagesError
 * where it is none.
 */
export const readMessages = (value: unknown): readonly ChatMessage[] => {
  if (value === null || value === undefined) throw new MessagesError('the column of messages is NULL');
  const parsed = Messages.safeParse(typeof value === 'string' ? readJson(value) : value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue === undefined || issue.path.length === 0 ? 'it' : `${issue.path.join('.')} of it`;
    throw new MessagesError(
      `the column of messages holds no list of messages, each with content and a role of ${ROLES}: ${place} does not fit`,
    );
  }
  if (parsed.data.length === 0) throw new MessagesError('the list of messages is empty');
  return parsed.data.map(({ role, content }) => ({ role, content }));
};

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new MessagesError('the column of messages holds text that is no JSON');
  }
};
