/** The stack's template, without bundles: the code of each function is a line that says its name. */
import { readFileSync } from 'node:fs';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { CodeOf } from '../../cdk/code/function-code.ts';
import { parseSettings } from '../../cdk/parse-settings.ts';
import { DaybreakStack } from '../../cdk/stack.ts';

export type Resource = {
  readonly Type: string;
  // The properties of a resource are as many shapes as there are types.
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
};

export type Statement = {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
};

export type SynthesizedStack = {
  readonly app: App;
  readonly stack: DaybreakStack;
  readonly template: Template;
  readonly resources: Readonly<Record<string, Resource>>;
};

export type SynthOptions = {
  /** What `--context` adds to cdk.json. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** `all`: the rule packs, and CloudFormation's own rules, judge the template, which takes seconds. */
  readonly judges?: 'none' | 'all';
  readonly codeOf?: CodeOf;
};

/** All that a deployment can choose, at once. */
export const EVERY_SETTING = {
  stackName: 'Daybreak2',
  tracing: true,
  kmsKeyArn: `arn:aws:kms:us-east-1:111122223333:key/mrk-${'0'.repeat(32)}`,
  data: {
    reads: ['s3://acme-data/tickets/'],
    writes: ['s3://acme-results/'],
    kmsKeyArns: [`arn:aws:kms:us-east-1:111122223333:key/mrk-${'1'.repeat(32)}`],
  },
  alarmEmail: 'ops@example.com',
  tags: { team: 'data' },
};

const lineOf: CodeOf = (name) => ({
  code: lambda.Code.fromInline(`exports.handler = async () => '${name}';`),
  handler: 'index.handler',
});

export const readCdkJson = (): { readonly app: string; readonly context: Record<string, unknown> } =>
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

/** Fails where a judge finds anything. */
export const synthStack = (settings: unknown = {}, options: SynthOptions = {}): SynthesizedStack => {
  const { context, judges = 'none', codeOf = lineOf } = options;
  const app = new App({ context: { ...readCdkJson().context, ...context }, analyticsReporting: false });
  if (judges === 'all') Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = new DaybreakStack(app, { settings: parseSettings(settings), codeOf });
  // The library's only way to do without its own rules. @see defaultValidationEnabled in aws-cdk-lib
  process.env.CDK_VALIDATION = judges === 'all' ? 'true' : 'false';
  const template = Template.fromStack(stack);
  return { app, stack, template, resources: template.toJSON().Resources };
};

/** `Ref` and `Fn::GetAtt` as `<Name>` and `<Name.Attribute>`, hashes cut off; joins as texts. */
export const renderValue = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>;
  if (typeof ref === 'string') return `<${withoutHash(ref)}>`;
  if (Array.isArray(attribute)) return `<${withoutHash(attribute[0])}.${attribute[1]}>`;
  if (Array.isArray(join)) return join[1].map(renderValue).join(join[0]);
  return JSON.stringify(value);
};

/** A logical id without the hash that CloudFormation's names need. */
export const withoutHash = (id: string): string =>
  id.replace(/(CurrentVersion)[0-9A-F]{8}[0-9a-f]{32}$/, '$1').replace(/[0-9A-F]{8}$/, '');

export const listOf = <Value>(value: Value | readonly Value[]): readonly Value[] =>
  Array.isArray(value) ? value : [value as Value];

/** `Effect actions on resources if condition`, a line for each statement. */
export const renderStatements = (document: unknown): readonly string[] =>
  (document as { readonly Statement: readonly Statement[] }).Statement.map((statement) => {
    const { Effect, Action, Resource: on = [], Condition } = statement;
    const condition = Condition === undefined ? '' : ` if ${JSON.stringify(Condition)}`;
    return `${Effect} ${listOf(Action).join(' ')} on ${listOf(on).map(renderValue).join(' ')}${condition}`;
  });

export const resourcesOf = (
  { resources }: SynthesizedStack,
  type: string,
): Readonly<Record<string, Resource>> =>
  Object.fromEntries(
    Object.entries(resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => [withoutHash(id), resource]),
  );

/** Fails where there is no such resource: a test of what is not there would prove nothing. */
export const propertiesOf = (
  resources: Readonly<Record<string, Resource>>,
  id: string,
): Readonly<Record<string, unknown>> => {
  const found = resources[id];
  if (found === undefined) throw new Error(`there is no ${id} among ${Object.keys(resources).join(', ')}`);
  return found.Properties;
};
