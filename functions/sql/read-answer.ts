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

/**
 * The value of an expression of type JSON in the type of an answer: key by key, since DuckDB's own cast refuses an
 * object that lacks a key or has another one. JSON's null is NULL. An error where a number does not fit.
 */
export const renderAnswerValue = (type: AnswerType, json: string, depth = 0): string => {
  const each = `daybreak_v${depth}`;
  switch (type.kind) {
    case 'text':
      return `json_extract_string(${json}, '$')`;
    case 'json':
      return `CASE WHEN json_type(${json}) <> 'NULL' THEN ${json} END`;
    case 'list':
      return `list_transform(CAST(${json} AS JSON[]), lambda ${each}: ${renderAnswerValue(type.element, each, depth + 1)})`;
    case 'map': {
      const entries = `CAST(${json} AS MAP(VARCHAR, JSON))`;
      const values = `list_transform(map_values(${entries}), lambda ${each}: ${renderAnswerValue(type.value, each, depth + 1)})`;
      return `CASE WHEN json_type(${json}) = 'OBJECT' THEN map(map_keys(${entries}), ${values}) END`;
    }
    case 'struct': {
      const fields = type.fields.map((field) => {
        const found = `json_extract(${json}, ${pointerTo(field.name)})`;
        return `${quoteIdentifier(field.name)} := ${renderAnswerValue(field.type, found, depth)}`;
      });
      return `CASE WHEN json_type(${json}) = 'OBJECT' THEN struct_pack(${fields.join(', ')}) END`;
    }
    default:
      return `CAST(json_extract_string(${json}, '$') AS ${SCALARS[type.kind]})`;
  }
};
