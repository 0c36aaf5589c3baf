import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { allowedUrisOf } from '../../cdk/allowed-uris-of.ts';
import { parseSettings } from '../../cdk/parse-settings.ts';
import { Settings } from '../../cdk/settings.ts';
import { AllowedUris } from '../../functions/contract/allowed-uris.ts';
import { SettingsError } from '../../functions/contract/errors-command.ts';
import { readCdkJson } from './synth-stack.ts';

const problemsOf = (found: unknown): readonly string[] => {
  try {
    parseSettings(found);
  } catch (error) {
    if (error instanceof SettingsError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

describe('parseSettings', () => {
  it('has a default for everything, and cdk.json stays with them', () => {
    expect(parseSettings(undefined)).toEqual(parseSettings(readCdkJson().context.daybreak));
    expect(parseSettings(undefined)).toMatchObject({
      architecture: 'arm64',
      concurrency: { mostTasks: 500, mostJobs: 4 },
      deletesData: false,
      tracing: false,
      synthesizer: 'default',
    });
  });

  it('takes the JSON of --context as the value of cdk.json', () => {
    const settings = { architecture: 'x86_64', concurrency: { mostJobs: 2 } };
    expect(parseSettings(JSON.stringify(settings))).toEqual(parseSettings(settings));
  });

  it('reports all problems at once, each with its path, what was found and what is allowed', () => {
    const problems = problemsOf({
      architecture: 'sparc',
      functions: { taskMegabytes: 128, timeoutSeconds: 901 },
      logDays: 31,
      kmsKeyArn: 'alias/mine',
      data: { reads: ['s3://bucket/no-slash'] },
      tags: { 'aws:mine': 'x' },
      colour: 'red',
    });
    expect(problems).toEqual([
      'daybreak.architecture: found "sparc", expected arm64 or x86_64',
      'daybreak.functions.taskMegabytes: found 128, expected a whole number of megabytes from 1769 to 10240',
      'daybreak.functions.timeoutSeconds: found 901, expected a whole number of seconds from 60 to 900',
      expect.stringMatching(/^daybreak\.logDays: found 31, expected one of 1, 3, 5, /),
      expect.stringMatching(/^daybreak\.kmsKeyArn: found "alias\/mine", expected the ARN of a KMS key/),
      expect.stringMatching(
        /^daybreak\.data\.reads\.0: found "s3:\/\/bucket\/no-slash", expected an S3 prefix/,
      ),
      expect.stringMatching(/^daybreak\.tags\.aws:mine: /),
      'daybreak: there is no setting "colour"',
    ]);
  });

  it.each([
    ['a pattern of IAM', 's3://bucket/*/'],
    ['a variable of IAM', `s3://bucket/${'$'}{aws:username}/`],
    ['a control character', 's3://bucket/a\nb/'],
    ['an empty folder', 's3://bucket//a/'],
    ['no bucket', 's3:///a/'],
  ])('rejects %s in a prefix', (_, uri) => {
    expect(problemsOf({ data: { reads: [uri], writes: [uri] } })).toHaveLength(2);
  });

  it('rejects JSON that is none', () => {
    expect(problemsOf('{ architecture: arm64 }')).toEqual([
      expect.stringMatching(/^daybreak: expected JSON: /),
    ]);
  });

  it('rejects an inbox that may name what the functions may not reach', () => {
    const inboxes = [
      {
        prefix: 'inbox/',
        inputs: ['s3://{data}/', 's3://acme/tickets/2026/', 's3://acme/other/'],
        outputs: ['s3://{data}/'],
      },
      { prefix: 'inbox/', inputs: [], outputs: ['s3://{data}/results/themes/'] },
    ];
    expect(problemsOf({ inboxes, data: { reads: ['s3://acme/tickets/'] } })).toEqual([
      'daybreak.inboxes.0.inputs.2: found s3://acme/other/, expected a prefix within s3://{data}/, s3://acme/tickets/',
      'daybreak.inboxes.0.outputs.0: found s3://{data}/, expected a prefix within s3://{data}/results/',
      'daybreak.inboxes.1.prefix: found inbox/ for the second time',
    ]);
  });

  it('rejects blocks that may be gone before their job ends, and a large function that is smaller', () => {
    expect(
      problemsOf({
        longestJobHours: 48,
        blockDays: 2,
        functions: { taskMegabytes: 4096, largeTaskMegabytes: 2048 },
      }),
    ).toEqual([
      'daybreak.functions.largeTaskMegabytes: found 2048, expected at least taskMegabytes, which is 4096',
      'daybreak.blockDays: found 2, expected at least 3: a job of 48 hours reads its blocks until it ends',
    ]);
  });

  it('rejects more prefixes than the variables of a function hold', () => {
    const reads = Array.from({ length: 20 }, (_, index) => `s3://bucket/${'x'.repeat(150)}/${index}/`);
    expect(problemsOf({ data: { reads } })).toEqual([
      expect.stringMatching(
        /^daybreak\.inboxes: found prefixes of \d{4} bytes here and in data, expected at most 3000/,
      ),
    ]);
  });
});

describe('allowedUrisOf', () => {
  it('puts the data bucket in the place of {data}, in the shape that the handlers parse', () => {
    const settings = parseSettings({ data: { reads: ['s3://acme/in/'], writes: ['s3://acme/out/'] } });
    const allowed = allowedUrisOf(settings, 'my-data');
    expect(AllowedUris.parse(allowed)).toEqual({
      api: {
        inputs: ['s3://my-data/', 's3://acme/in/'],
        outputs: ['s3://my-data/results/', 's3://acme/out/'],
      },
      inboxes: [{ prefix: 'inbox/', inputs: ['s3://my-data/'], outputs: ['s3://my-data/results/'] }],
    });
  });
});

/** `functions.taskMegabytes` and so on, with the default as JSON. */
const settingsIn = (schema: unknown, prefix = ''): readonly (readonly [string, unknown])[] => {
  const { properties } = schema as { readonly properties: Record<string, Record<string, unknown>> };
  return Object.entries(properties).flatMap(([name, each]) =>
    each.properties === undefined
      ? [[`${prefix}${name}`, each.default] as const]
      : settingsIn(each, `${prefix}${name}.`),
  );
};

describe('docs/operations.md', () => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const rows = new Map(
    page
      .split('\n')
      .flatMap((line) => [...line.matchAll(/^\| `([\w.]+)` \| (.*?) \| (.*) \|$/g)])
      .map(([, name, value]) => [name, value]),
  );

  it('has a row for each setting, with its default', () => {
    const settings = settingsIn(z.toJSONSchema(Settings, { io: 'input' }));
    expect([...rows.keys()].sort()).toEqual(settings.map(([name]) => name).sort());
    for (const [name, value] of settings) {
      const shown = value === undefined ? 'none' : `\`${JSON.stringify(value).replaceAll('"', '')}\``;
      expect([name, rows.get(name)]).toEqual([name, name === 'inboxes' ? 'see below' : shown]);
    }
  });
});
