import type { InstantType } from '../contract/sql-functions.ts';
import { type CastNode, castText } from './expression.ts';

const INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)Z$/;

/** The submission instant (ISO 8601, UTC) as a constant of the type that a word for the clock has in DuckDB. */
export const bindInstant = (submittedAt: string, type: InstantType): CastNode => {
  const [, date, time] = INSTANT.exec(submittedAt) ?? [];
  if (date === undefined || time === undefined) {
    throw new Error(`the submission instant is not ISO 8601 in UTC: ${submittedAt}`);
  }
  const texts: Readonly<Record<InstantType, string>> = {
    DATE: date,
    TIME: time,
    'TIME WITH TIME ZONE': `${time}+00`,
    TIMESTAMP: `${date} ${time}`,
    'TIMESTAMP WITH TIME ZONE': `${date} ${time}+00`,
  };
  return castText(texts[type], type);
};
