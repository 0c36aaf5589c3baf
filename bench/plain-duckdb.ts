/**
 * The other side of every comparison: a program that a user would write with the same `@duckdb/node-api`: one
 * statement over the whole file, its result copied to one Parquet file.
 *
 * `node bench/plain-duckdb.ts --question q1 --input FILE --format csv --output FILE --threads 2 --memory 8GB`
 */
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { findQuestion } from './questions.ts';

export type InputFormat = 'csv' | 'parquet';
export type PlainRun = {
  readonly question: string;
  readonly input: string;
  readonly format: InputFormat;
  /** The Parquet file to write. */
  readonly output: string;
  readonly threads: number;
  /** DuckDB's size text, for example `8GB`. */
  readonly memory: string;
};

/** Answers a question by plain DuckDB, file to Parquet file. */
const answerPlainly = async (run: PlainRun): Promise<void> => {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: `${run.threads}`,
    memory_limit: run.memory,
  });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const query = findQuestion(run.question).sql(`read_${run.format}('${run.input}')`);
    await connection.run(`COPY (${query}) TO '${run.output}' (FORMAT parquet)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      question: { type: 'string', default: '' },
      input: { type: 'string', default: '' },
      format: { type: 'string', default: 'parquet' },
      output: { type: 'string', default: '' },
      threads: { type: 'string', default: '2' },
      memory: { type: 'string', default: '8GB' },
    },
  });
  await answerPlainly({
    question: values.question,
    input: values.input,
    format: values.format === 'csv' ? 'csv' : 'parquet',
    output: values.output,
    threads: Number(values.threads),
    memory: values.memory,
  });
}
