import { describe, expect, it } from 'vitest';
import { addPlace, cloudPlaceOf, requireCloudPlace } from '../../../cli/cloud/place-options.ts';

describe('the place of a command', () => {
  it('is this machine unless something names a deployment', () => {
    expect(cloudPlaceOf({}, {})).toBeUndefined();
    expect(cloudPlaceOf({}, { DAYBREAK_STACK: '', AWS_PROFILE: 'x', AWS_REGION: 'y' })).toBeUndefined();
    expect(cloudPlaceOf({ workdir: 'x' }, { DAYBREAK_STACK: 'Mine' })).toBeUndefined();
  });

  it.each([
    [{ stack: 'Mine' }, {}, { stack: 'Mine' }],
    [{ profile: 'p' }, {}, { stack: 'Daybreak', profile: 'p' }],
    [{ region: 'r' }, { DAYBREAK_STACK: 'Mine' }, { stack: 'Mine', region: 'r' }],
    [{ endpoint: 'http://e' }, {}, { stack: 'Daybreak', endpoint: 'http://e' }],
    [{}, { DAYBREAK_STACK: 'Mine' }, { stack: 'Mine' }],
    [{ stack: 'A' }, { DAYBREAK_STACK: 'B' }, { stack: 'A' }],
  ])('is a deployment by %j and %j', (options, environment, place) => {
    expect(cloudPlaceOf(options, environment)).toEqual(place);
  });

  it('is a deployment for a command that has no other, by the default name', () => {
    expect(requireCloudPlace({}, {})).toEqual({ stack: 'Daybreak' });
  });

  it('rejects both at once', () => {
    expect(() => cloudPlaceOf({ workdir: 'x', region: 'r' }, {})).toThrow(
      '--workdir names jobs of this machine',
    );
  });
});

describe('a sentence about a job of a deployment', () => {
  it('names it in every command, and in nothing else', () => {
    const sentence = 'copy with `aws s3 cp`; `daybreak resume one` goes on, `daybreak watch one` looks';
    expect(addPlace(sentence, { stack: 'Mine', profile: "it's me" })).toBe(
      "copy with `aws s3 cp`; `daybreak resume one --stack Mine --profile 'it'\\''s me'` goes on, `daybreak watch one --stack Mine --profile 'it'\\''s me'` looks",
    );
    expect(addPlace(sentence, {})).toBe(sentence);
  });
});
