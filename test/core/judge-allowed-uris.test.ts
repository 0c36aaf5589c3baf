import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllowedUris } from '../../functions/contract/allowed-uris.ts';
import { judgeAllowedUris, ruleOfInbox, type UriRule } from '../../functions/core/judge-allowed-uris.ts';
import { unfoldBraces } from '../../functions/core/match-glob.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';
import { announceSeed } from '../oracle/grammar.ts';

const RULE: UriRule = { inputs: ['s3://bucket/in/', 's3://whole/'], outputs: ['s3://bucket/results/'] };

const specOf = (input: string | readonly string[], output = 's3://bucket/results/x') =>
  parseSpec(JSON.stringify({ name: 'a', input: { uri: input }, output: { uri: output } }), {
    file: 'spec.json',
  });

const pathsOf = (input: string | readonly string[], output?: string, rule = RULE): readonly string[] =>
  judgeAllowedUris(specOf(input, output), rule).map(({ path }) => path);

describe('an input', () => {
  it.each([
    's3://bucket/in/a.csv',
    's3://bucket/in/',
    's3://bucket/in/*.csv',
    's3://bucket/in/2026-{01,02}/**/x?.csv',
    's3://bucket/in/[a-z]/a.csv',
    's3://bucket/in/..a/b',
    's3://bucket/in/%2e%2e/b',
    's3://bucket/in/a b+c=d%20/x.csv',
    'S3://bucket/in/a.csv',
    's3://whole/any/thing',
  ])('is allowed within a prefix: %s', (uri) => {
    expect(pathsOf(uri)).toEqual([]);
  });

  it.each([
    ['a bucket whose name goes on', 's3://bucket-evil/in/a.csv'],
    ['a bucket whose name is a beginning', 's3://buck/in/a.csv'],
    ['a bucket in capitals', 's3://BUCKET/in/a.csv'],
    ['a key in capitals', 's3://bucket/IN/a.csv'],
    ['a prefix whose name goes on', 's3://bucket/inside/a.csv'],
    ['the folder without its slash, which may be an object', 's3://bucket/in'],
    ['the bucket alone', 's3://bucket'],
    ['a way out', 's3://bucket/in/../secret/a.csv'],
    ['a way out at the end', 's3://bucket/in/..'],
    ['a way out to another bucket', 's3://bucket/in/../../other/a.csv'],
    ['a way in from outside', 's3://bucket/secret/../in/a.csv'],
    ['a dot', 's3://bucket/in/./../secret'],
    ['a way out between braces', 's3://bucket/in/{a,../secret}/a.csv'],
    ['a way out made of braces', 's3://bucket/in/{.,.}./secret/a.csv'],
    ['a way out of nested braces', 's3://bucket/in/{x,{.,y}.}/a.csv'],
    ['an empty part', 's3://bucket/in//a.csv'],
    ['an empty part before', 's3://bucket//in/a.csv'],
    ['a pattern in the place of the bucket', 's3://{bucket,evil}/in/a.csv'],
    ['a pattern that begins in the prefix', 's3://bucket/i?/a.csv'],
    ['a star in the place of the prefix', 's3://bucket/*/a.csv'],
    ['everything', 's3://bucket/**'],
    ['alternatives with the prefix among them', 's3://bucket/{in,secret}/a.csv'],
    ['credentials before the bucket', 's3://bucket@evil/in/a.csv'],
    ['a letter that looks alike', 's3://buсket/in/a.csv'],
    ['a wide slash', 's3://bucket／in/a.csv'],
    ['a path of one machine', '/etc/passwd'],
    ['a relative path that looks like a prefix', 'bucket/in/a.csv'],
  ])('is refused for %s', (_, uri) => {
    expect(pathsOf(uri)).toEqual(['input.uri']);
  });

  it('is refused one by one, with the place of each', () => {
    expect(pathsOf(['s3://bucket/in/a', 's3://bucket/out/b', 's3://evil/c'])).toEqual([
      'input.uri[1]',
      'input.uri[2]',
    ]);
  });

  it('is refused where the braces unfold to more than anybody looks at', () => {
    const braces = Array.from({ length: 11 }, () => '{a,b}').join('/');
    expect(judgeAllowedUris(specOf(`s3://bucket/in/${braces}`), RULE)).toMatchObject([
      { message: expect.stringContaining('too many alternatives') },
    ]);
  });

  it('is refused under a prefix that would be a pattern in it', () => {
    const rule = { ...RULE, inputs: ['s3://bucket/in[1]/'] };
    expect(pathsOf('s3://bucket/in[1]/a.csv', undefined, rule)).toEqual(['input.uri']);
  });

  it('stays within the prefix in every alternative, whatever stands behind it', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        '{..,a}',
        '{a,b}',
        '{.,}.',
        '*',
        '**',
        '?',
        '[.]',
        '{a/../..,b}',
        '%2e%2e',
        '\\..',
      ),
      fc.string({ minLength: 1, maxLength: 6 }).filter((text) => /^[^\p{C}/]+$/u.test(text)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const uri = `s3://bucket/in/${parts.join('/')}`;
        const isAllowed = pathsOf(uri).length === 0;
        // The judge: what a file system would make of it, alternative by alternative.
        const isInside = (unfoldBraces(uri) ?? ['']).every((each) =>
          new URL(each.replaceAll(/[\\?#%]/g, '_').replace('s3://', 'http://')).pathname.startsWith('/in/'),
        );
        expect(!isAllowed || isInside).toBe(true);
      }),
      announceSeed('allowed uris', 2_000),
    );
  });
});

describe('an output', () => {
  it.each([
    's3://bucket/results/x',
    's3://bucket/results/x/',
    's3://bucket/results',
    's3://bucket/results/{a}*',
  ])('is allowed within a prefix, with its last slash and without: %s', (uri) => {
    expect(pathsOf('s3://bucket/in/a', uri)).toEqual([]);
  });

  it.each([
    's3://bucket/results-evil/x',
    's3://bucket/results/../in/x',
    's3://bucket/',
    's3://bucket/in/x',
    'out',
    's3://bucket/Results/x',
  ])('is refused elsewhere: %s', (uri) => {
    expect(pathsOf('s3://bucket/in/a', uri)).toEqual(['output.uri']);
  });

  it('is told where it may be', () => {
    expect(judgeAllowedUris(specOf('s3://bucket/in/a', 's3://other/x'), RULE)).toEqual([
      {
        path: 'output.uri',
        message:
          'a job that comes this way may write to what is under s3://bucket/results/, not "s3://other/x/"',
      },
    ]);
    expect(judgeAllowedUris(specOf('s3://a/b'), { inputs: [], outputs: RULE.outputs })).toMatchObject([
      { message: 'a job that comes this way may read nothing, not "s3://a/b"' },
    ]);
  });
});

describe('the rule of an inbox', () => {
  const inbox = (prefix: string) => ({ prefix, inputs: [`s3://${prefix}`], outputs: [] });
  const allowed: AllowedUris = {
    api: { inputs: [], outputs: [] },
    inboxes: [inbox('inbox/'), inbox('inbox/sales/'), inbox('inbox/sales/eu/')],
  };

  it.each([
    ['inbox/a.yaml', 'inbox/'],
    ['inbox/salesa.yaml', 'inbox/'],
    ['inbox/sales/a.yaml', 'inbox/sales/'],
    ['inbox/sales/eu/x/a.yaml', 'inbox/sales/eu/'],
    ['inbox/sales/../a.yaml', 'inbox/sales/'],
  ])('is that of the longest prefix: %s has %s', (key, prefix) => {
    expect(ruleOfInbox(allowed, key)).toMatchObject({ prefix });
  });

  it('is none where no prefix is that of the key', () => {
    expect(ruleOfInbox(allowed, 'other/a.yaml')).toBeUndefined();
    expect(ruleOfInbox({ ...allowed, inboxes: [inbox('inbox/sales/')] }, 'inbox/a.yaml')).toBeUndefined();
  });
});
