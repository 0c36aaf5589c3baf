import path from 'node:path';
import { ENDPOINT_LIMITS, ENDPOINT_NAME, EndpointFields } from '../../contract/endpoint-settings.ts';
import { type EndpointProblem, EndpointSettingsError } from '../../contract/errors-infer.ts';
import { WIRES } from '../../core/endpoints/wires.ts';
import { explainIssues, phraseIssue } from '../../core/explain-issues.ts';
import { parseDuration } from '../../core/parse-duration.ts';
import { renderSpecPath } from '../../core/spec-path.ts';
import { refuseUrl } from './address-policy.ts';
import { maskTexts } from './mask-texts.ts';
import { readKey } from './read-key.ts';
import type { SettingsFile } from './read-settings-file.ts';
import { type Environment, type VariableFields, variableOf } from './read-variables.ts';
import type { EndpointSettings } from './settings.ts';

/** Where the settings of one endpoint stand. */
export type SettingsSources = {
  readonly name: string;
  /** What the file says of it, unread. */
  readonly own: unknown;
  readonly file: SettingsFile | undefined;
  readonly folder: string;
  readonly variables: VariableFields;
};

/** What people may take for the place of a key: no message quotes it. */
const NEVER_QUOTED = ['url', 'key_env', 'key_file'] as const;

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads the settings of one endpoint, each field of the environment before that of the file. Fails with
 * EndpointSettingsError, which has every problem and no value that may be a key.
 */
export const readSettings = async (
  sources: SettingsSources,
  environment: Environment,
): Promise<EndpointSettings> => {
  const { name, own = {}, file, folder, variables } = sources;
  const problems: EndpointProblem[] = [];
  const refuse = (
    path: readonly (string | number)[],
    problem: Omit<EndpointProblem, 'path'>,
    at: 'key' | 'value',
  ): void => {
    problems.push({ ...problem, ...placeOf(sources, path, at) });
  };
  if (!ENDPOINT_NAME.test(name))
    refuse([], { message: `${JSON.stringify(name)} cannot be the name of an endpoint` }, 'key');
  if (isMapping(own) && 'key' in own)
    refuse(['key'], { message: 'a key stands in the environment, or in a file that key_file names' }, 'key');
  const merged = isMapping(own) ? { ...withoutKey(own), ...variables.fields } : own;
  const parsed = EndpointFields.safeParse(merged, { error: phraseIssue });
  if (!parsed.success) {
    const shown = maskTexts(merged, NEVER_QUOTED);
    for (const { path, at, ...problem } of explainIssues(EndpointFields, shown, parsed.error.issues))
      refuse(path, problem, at);
    throw new EndpointSettingsError(problems);
  }
  const fields = parsed.data;
  for (const field of ['timeout', 'give_up_after'] as const)
    if ((secondsOf(fields[field]) ?? 0) > ENDPOINT_LIMITS.longestSeconds)
      refuse([field], { message: `is ${fields[field]}; at most 1d` }, 'value');
  const refusal = refuseUrl(fields.url, fields.allow_private);
  if (refusal !== undefined) refuse(['url'], { message: refusal }, 'value');
  // A path of the environment is relative to where the job is started from, as any other is.
  const base =
    variables.variables.key_file === undefined && file !== undefined ? path.dirname(file.file) : folder;
  const found = await readKey({ name, fields, folder: base }, environment);
  if (found.problem !== undefined) refuse([found.field], { message: found.problem }, 'value');
  if (problems.length > 0 || found.problem !== undefined) throw new EndpointSettingsError(problems);
  return settingsFrom(name, fields, found);
};

const withoutKey = ({ key: _, ...fields }: Readonly<Record<string, unknown>>) => fields;

/** The variable that said it, or the line of the file. */
const placeOf = (
  { name, file, variables }: SettingsSources,
  inner: readonly (string | number)[],
  at: 'key' | 'value',
): Omit<EndpointProblem, 'message'> => {
  const field = String(inner[0] ?? '');
  const variable = variables.variables[field];
  if (variable !== undefined) return { path: variable };
  if (file === undefined || !Object.hasOwn(file.endpoints, name))
    return { path: variableOf(name, field === '' ? 'url' : field) };
  const full = ['endpoints', name, ...inner];
  return { path: renderSpecPath(full), file: file.file, ...file.place(full, at) };
};

const settingsFrom = (
  name: string,
  fields: EndpointFields,
  { key, place }: { readonly key: EndpointSettings['key']; readonly place: string },
): EndpointSettings => {
  const url = fields.url.replace(/\/+$/, '');
  const isOpenAI = new URL(url).hostname === 'api.openai.com';
  const { price_in: inUsd = 0, price_out: outUsd = 0, models } = fields;
  const isPriced = fields.price_in !== undefined || fields.price_out !== undefined;
  return {
    name,
    url,
    kind: fields.kind,
    ...(key === undefined ? {} : { key }),
    keyPlace: place,
    ...(models === undefined ? {} : { models }),
    ...(isPriced ? { price: { inUsd, outUsd } } : {}),
    concurrency: fields.concurrency ?? WIRES[fields.kind].concurrency,
    timeoutSeconds: secondsOf(fields.timeout) ?? ENDPOINT_LIMITS.timeoutSeconds,
    attempts: fields.attempts ?? ENDPOINT_LIMITS.attempts,
    giveUpSeconds: secondsOf(fields.give_up_after) ?? ENDPOINT_LIMITS.giveUpSeconds,
    sendsSeed: fields.seed,
    maxTokensField: fields.max_tokens_field ?? (isOpenAI ? 'max_completion_tokens' : 'max_tokens'),
    allowsPrivate: fields.allow_private,
  };
};

const secondsOf = (duration: string | undefined): number | undefined =>
  duration === undefined ? undefined : parseDuration(duration);
