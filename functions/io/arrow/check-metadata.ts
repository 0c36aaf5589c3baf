import { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch';
import { Endianness } from 'apache-arrow/fb/endianness';
import type { Field } from 'apache-arrow/fb/field';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';
import { ArrowFormatError } from '../../contract/errors-arrow.ts';

/** Every element of a flatbuffer's vector takes 4 bytes at least. */
const SMALLEST_ELEMENT_BYTES = 4;

/** Counts down what a message of this size can hold, so that damaged counts never become lists. */
type Budget = { left: number };

const spend = (budget: Budget, count: number): void => {
  budget.left -= count;
  if (!(count >= 0 && budget.left >= 0)) throw new ArrowFormatError('a message counts more than it can hold');
};

const checkField = (field: Field | null, budget: Budget): void => {
  if (field === null) return;
  spend(budget, field.customMetadataLength());
  const children = field.childrenLength();
  spend(budget, children);
  for (let index = 0; index < children; index++) checkField(field.children(index), budget);
};

const checkSchema = (schema: Schema, budget: Budget): void => {
  if (schema.endianness() !== Endianness.Little)
    throw new ArrowFormatError('its numbers are big-endian, which is not read');
  spend(budget, schema.customMetadataLength());
  const fields = schema.fieldsLength();
  spend(budget, fields);
  for (let index = 0; index < fields; index++) checkField(schema.fields(index), budget);
};

const checkBatch = (batch: RecordBatch | null, budget: Budget): void => {
  if (batch === null) throw new ArrowFormatError('a dictionary has no values');
  spend(budget, batch.nodesLength());
  spend(budget, batch.buffersLength());
  spend(budget, batch.variadicBufferCountsLength());
};

/** As {@link checkMetadata}, for the schema that the footer of a file repeats. */
export const checkFooterSchema = (schema: Schema | null, footerBytes: number): void => {
  if (schema === null) throw new ArrowFormatError('its footer has no schema');
  checkSchema(schema, { left: footerBytes / SMALLEST_ELEMENT_BYTES });
};

/**
 * Checks the counts in the metadata of a message before apache-arrow makes lists of them: JavaScript has no
 * verifier of flatbuffers, and a damaged count would fill the memory. Throws ArrowFormatError.
 */
export const checkMetadata = (bytes: Uint8Array): void => {
  const message = Message.getRootAsMessage(new ByteBuffer(bytes));
  const budget = { left: bytes.byteLength / SMALLEST_ELEMENT_BYTES };
  spend(budget, message.customMetadataLength());
  switch (message.headerType()) {
    case MessageHeader.Schema:
      checkSchema(message.header(new Schema()), budget);
      break;
    case MessageHeader.RecordBatch:
      checkBatch(message.header(new RecordBatch()), budget);
      break;
    case MessageHeader.DictionaryBatch:
      checkBatch((message.header(new DictionaryBatch()) as DictionaryBatch).data(), budget);
      break;
    default:
      throw new ArrowFormatError('a message is neither a schema nor a batch');
  }
};
