import type * as z from 'zod';
import type { Problem } from '../functions/contract/errors.ts';
import { SettingsError } from '../functions/contract/errors-command.ts';
import { allowedUrisOf } from './allowed-uris-of.ts';
import { DATA_BUCKET, SETTINGS_KEY, Settings } from './settings.ts';

/** The variables of a function have 4 KB in all; this leaves the others enough. */
const MOST_URI_BYTES = 3000;
const LONGEST_BUCKET_NAME = 'x'.repeat(63);

/**
 * The settings as cdk.json holds them, or as a text of JSON, which is what `--context` brings; undefined means the
 * defaults. Fails with SettingsError, which names every problem with its path, what was found and what is allowed.
 */
export const parseSettings = (found: unknown): Settings => {
  const parsed = Settings.safeParse(typeof found === 'string' ? parseJson(found) : (found ?? {}), {
    reportInput: true,
  });
  const problems = parsed.success ? judgeSettings(parsed.data) : parsed.error.issues.map(problemOf);
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);
  return parsed.data;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SettingsError([{ path: SETTINGS_KEY, message: `expected JSON: ${(error as Error).message}` }], {
      cause: error,
    });
  }
};

const problemOf = (issue: z.core.$ZodIssue): Problem => {
  const path = [SETTINGS_KEY, ...issue.path].join('.');
  if (issue.code === 'unrecognized_keys') {
    return {
      path,
      message: `there is no setting ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`,
    };
  }
  // An address or an ARN is no secret, and whoever deploys wrote it.
  const found = issue.input === undefined ? 'nothing' : (JSON.stringify(issue.input) ?? String(issue.input));
  return { path, message: `found ${found.slice(0, 200)}, ${issue.message}` };
};

/** What no single setting can tell. */
const judgeSettings = (settings: Settings): readonly Problem[] => [
  ...judgeFunctions(settings),
  ...judgeBlockDays(settings),
  ...judgeInboxes(settings),
];

const judgeFunctions = ({ functions }: Settings): readonly Problem[] => {
  const { taskMegabytes, largeTaskMegabytes } = functions;
  if (largeTaskMegabytes >= taskMegabytes) return [];
  const message = `found ${largeTaskMegabytes}, expected at least taskMegabytes, which is ${taskMegabytes}`;
  return [{ path: `${SETTINGS_KEY}.functions.largeTaskMegabytes`, message }];
};

const judgeBlockDays = ({ blockDays, longestJobHours }: Settings): readonly Problem[] => {
  // A block is as old as its job, and a day is what S3 may take to see it.
  const least = Math.ceil(longestJobHours / 24) + 1;
  if (blockDays >= least) return [];
  const message = `found ${blockDays}, expected at least ${least}: a job of ${longestJobHours} hours reads its blocks until it ends`;
  return [{ path: `${SETTINGS_KEY}.blockDays`, message }];
};

const judgeInboxes = (settings: Settings): readonly Problem[] => {
  const { inboxes, data } = settings;
  const readable = [`s3://${DATA_BUCKET}/`, ...data.reads];
  const writable = [`s3://${DATA_BUCKET}/results/`, ...data.writes];
  const outside = (
    index: number,
    [name, within]: readonly ['inputs' | 'outputs', readonly string[]],
  ): readonly Problem[] =>
    (inboxes[index]?.[name] ?? []).flatMap((uri, place) =>
      within.some((prefix) => uri.startsWith(prefix))
        ? []
        : [
            {
              path: `${SETTINGS_KEY}.inboxes.${index}.${name}.${place}`,
              message: `found ${uri}, expected a prefix within ${within.join(', ')}`,
            },
          ],
    );
  const problems = inboxes.flatMap(({ prefix }, index) => [
    ...(inboxes.findIndex((other) => other.prefix === prefix) === index
      ? []
      : [
          { path: `${SETTINGS_KEY}.inboxes.${index}.prefix`, message: `found ${prefix} for the second time` },
        ]),
    ...outside(index, ['inputs', readable]),
    ...outside(index, ['outputs', writable]),
  ]);
  return [...problems, ...judgeUriBytes(settings)];
};

const judgeUriBytes = (settings: Settings): readonly Problem[] => {
  const bytes = Buffer.byteLength(JSON.stringify(allowedUrisOf(settings, LONGEST_BUCKET_NAME)));
  if (bytes <= MOST_URI_BYTES) return [];
  const message = `found prefixes of ${bytes} bytes here and in data, expected at most ${MOST_URI_BYTES}`;
  return [{ path: `${SETTINGS_KEY}.inboxes`, message }];
};
