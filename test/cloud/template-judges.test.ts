/** The rules of CloudFormation itself, which the CDK runs at each synth and which take seconds. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CfnResource } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { EVERY_SETTING, synthStack } from '../cdk/synth-stack.ts';

describe('the rules of CloudFormation and of cdk-nag, as a synth runs them', () => {
  it.each([
    ['as it comes', {}, {}],
    ['with every setting', EVERY_SETTING, {}],
    ['where it deletes data', { deletesData: true }, { 'daybreak-delete-data': 'Daybreak' }],
  ])('find nothing in the stack %s', (_, settings, context) => {
    const { app } = synthStack(settings, { context, judges: 'all' });
    const report = readFileSync(path.join(app.synth().directory, 'validation-report.json'), 'utf8');
    const { pluginReports = [] } = JSON.parse(report);
    expect(JSON.stringify(pluginReports)).not.toMatch(/"severity":/);
  });

  it('fail the synth where they find something', () => {
    const { app, stack } = synthStack();
    new CfnResource(stack, 'Wrong', { type: 'AWS::S3::Bucket', properties: { BucketEncryption: 'yes' } });
    process.env.CDK_VALIDATION = 'true';
    expect(() => app.synth({ force: true })).toThrow(/BucketEncryption.*CloudFormation Validate/);
  });
});
