import { expect, it } from 'vitest';
import { ReplyFailure } from '../../functions/contract/api.ts';
import { SpecError } from '../../functions/contract/errors.ts';
import { SubmissionError } from '../../functions/contract/errors-cloud.ts';
import { ModuleBundleError } from '../../functions/contract/errors-module.ts';
import { JobNotFoundError } from '../../functions/contract/errors-store.ts';
import { describeFailure } from '../../functions/core/describe-failure.ts';

it('gives the problems of a spec as data, and its sentence without them', () => {
  const problems = [
    { path: 'steps[0].filter', message: 'no', line: 3, column: 5, suggestion: 'yes' },
    { path: '', message: 'nothing there' },
  ];
  for (const error of [new SpecError(problems, { file: 'x.yaml' }), new SubmissionError(problems)]) {
    const failure = describeFailure(error);
    expect(failure).toEqual({
      name: error.name,
      message: expect.stringMatching(/\(2 problems\)$/),
      problems,
    });
    expect(ReplyFailure.parse(failure)).toEqual(failure);
  }
});

it('gives the sentence of every other failure, whatever else it carries', () => {
  const message = 'there is no job "x"';
  expect(describeFailure(new JobNotFoundError('x'))).toEqual({
    name: 'JobNotFoundError',
    message,
    problems: [],
  });
  const bundle = new ModuleBundleError({ module: 'a.ts', problems: [{ message: 'no' }] });
  expect(describeFailure(bundle)).toMatchObject({ name: 'ModuleBundleError', problems: [] });
});
