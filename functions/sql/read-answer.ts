import type { AnswerType } from '../core/type-answer.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

const SCALARS = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  json: 'JSON',
} as const;

/** DuckDB's type of an answer, as a cast takes it. */
export const renderAnswerType = (type: AnswerType): string => {
  switch (type.kind) {
    case 'list':
      return `${renderAnswerType(type.element)}[]`;
    case 'map':
      return `MAP(VARCHAR, ${renderAnswerType(type.value)})`;
    case 'struct':
      return `STRUCT(${type.fields
        .map((field) => `${quoteIdentifier(field.name)} ${renderAnswerType(field.type)}`)
        .join(', ')})`;
    default:
      return SCALARS[type.kind];
  }
};

/** A JSON pointer to a key of an object. @see https://www.rfc-editor.org/rfc/rfc6901 */
const pointerTo = (key: string): string => quoteText(`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);

/** From here on a DOUBLE is no longer each whole number: 1 more is the same. */
const FIRST_INEXACT = 2 ** 53;

/**
 * The value of an expression of type JSON in the type of an answer: key by key, since DuckDB's own cast refuses an
 * object that lacks a key or has another one. JSON's null is NULL. An error where a value is not of the type, or is
 * another one in it: never NULL in its place.
 */
export const renderAnswerValue = (type: AnswerType, json: string, depth = 0): string => {
  const each = `daybreak_v${depth}`;
  const text = `json_extract_string(${json}, '$')`;
  switch (type.kind) {
    case 'text':
      return text;
    case 'boolean':
      return `CAST(${text} AS ${SCALARS.boolean})`;
    case 'integer': {
      const isInexact = `json_type(${json}) = 'DOUBLE' AND abs(CAST(${text} AS DOUBLE)) >= ${FIRST_INEXACT}`;
      return `CAST(CASE WHEN ${isInexact} THEN 'inexact' ELSE ${text} END AS ${SCALARS.integer})`;
    }
    case 'number':
      return `CAST(CASE WHEN isinf(CAST(${text} AS DOUBLE)) THEN 'too large' ELSE ${text} END AS ${SCALARS.number})`;
    case 'json':
      return `CASE WHEN json_type(${json}) <> 'NULL' THEN ${json} END`;
    case 'list':
      return `list_transform(CAST(${json} AS JSON[]), lambda ${each}: ${renderAnswerValue(type.element, each, depth + 1)})`;
    case 'map': {
      const entries = `CAST(${json} AS MAP(VARCHAR, JSON))`;
      const values = `list_transform(map_values(${entries}), lambda ${each}: ${renderAnswerValue(type.value, each, depth + 1)})`;
      return `CASE WHEN json_type(${json}) <> 'NULL' THEN map(map_keys(${entries}), ${values}) END`;
    }
    case 'struct': {
      const fields = type.fields.map((field) => {
        const found = `json_extract(${json}, ${pointerTo(field.name)})`;
        return `${quoteIdentifier(field.name)} := ${renderAnswerValue(field.type, found, depth)}`;
      });
      // A cast that fails, since TRY refuses `error()` as volatile; of a key that is not there it is NULL.
      const none = `CAST(json_type(${json}) AS ${renderAnswerType(type)})`;
      return `CASE json_type(${json}) WHEN 'OBJECT' THEN struct_pack(${fields.join(', ')}) WHEN 'NULL' THEN NULL ELSE ${none} END`;
    }
  }
};
