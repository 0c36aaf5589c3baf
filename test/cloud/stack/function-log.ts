/** Logs of the functions, over the API of CloudWatch Logs, for want of its SDK client: of the emulator only. */
import { setTimeout as pause } from 'node:timers/promises';
import { rootAuthorization } from '../../emulator/invoke-function.ts';
import type { StackFacts } from './stack-facts.ts';

/** A line of a function's own logger. */
export type LogLine = Readonly<Record<string, unknown>> & {
  readonly level: string;
  readonly message: string;
  readonly state: string;
  readonly job?: string;
};

const MOST_TRIES = 5;
const PAUSE_MS = 100;

const ask = async <Answer>(facts: StackFacts, action: string, request: object): Promise<Answer> => {
  const { endpoint, environment } = facts;
  if (endpoint === undefined) throw new Error('an account of AWS wants the SDK client for its logs');
  const root = {
    region: environment.AWS_REGION ?? '',
    credentials: { accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '' },
  };
  const headers = {
    Authorization: rootAuthorization(root, 'logs'),
    'X-Amz-Target': `Logs_20140328.${action}`,
    'Content-Type': 'application/x-amz-json-1.1',
  };
  // As the SDK would: the emulator answers 500 where a function makes its log group while the groups are listed.
  for (let tries = 1; ; tries += 1) {
    const reply = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(request) });
    if (reply.ok) return (await reply.json()) as Answer;
    if (reply.status < 500 || tries === MOST_TRIES)
      throw new Error(`${action} answered ${reply.status}: ${await reply.text()}`);
    await pause(PAUSE_MS);
  }
};

/** The log groups of the stack whose names hold `part`: `FunctionsStartLogs`. */
const groupsOf = async (facts: StackFacts, part: string): Promise<readonly string[]> => {
  const { logGroups } = await ask<{ readonly logGroups: readonly { readonly logGroupName: string }[] }>(
    facts,
    'DescribeLogGroups',
    {},
  );
  return logGroups
    .map(({ logGroupName }) => logGroupName)
    .filter((name) => name.includes(`/${facts.settings.stackName}/`) && name.includes(part));
};

/** All that functions printed, those of the runtime included, as text; `part` is of the names of their log groups. */
export const readLogText = async (facts: StackFacts, part = ''): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (const logGroupName of await groupsOf(facts, part)) {
    const { events } = await ask<{ readonly events: readonly { readonly message: string }[] }>(
      facts,
      'FilterLogEvents',
      { logGroupName },
    );
    texts.push(...events.map(({ message }) => message));
  }
  return texts;
};

/** What the function `name` of the stack logged: `Start`. Lines of metrics are none. */
export const readLog = async (facts: StackFacts, name: string): Promise<readonly LogLine[]> =>
  (await readLogText(facts, `Functions${name}Logs`))
    .filter((text) => text.startsWith('{') && !text.includes('"_aws"'))
    .map((text) => JSON.parse(text) as LogLine);
