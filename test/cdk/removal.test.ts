import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../cdk/parse-settings.ts';
import { judgeRemoval } from '../../cdk/removal.ts';
import { resourcesOf, synthStack } from './synth-stack.ts';

const BOTH_KEYS = { deletesData: true, context: { 'daybreak-delete-data': 'Daybreak' } };

const judge = (deletesData: boolean, context: Record<string, string>) => {
  const stack = new Stack(new App({ context }), 'Daybreak');
  const policy = judgeRemoval(stack, parseSettings({ deletesData }));
  const warnings = stack.node.metadata.filter(({ type }) => type === 'aws:cdk:warning');
  return { policy, warnings: warnings.map(({ data }) => String(data)) };
};

describe('judgeRemoval', () => {
  it('keeps the data by default', () => {
    expect(judge(false, {})).toEqual({ policy: RemovalPolicy.RETAIN, warnings: [] });
  });

  it.each([
    ['only the setting says otherwise', true, {}],
    ['only the command says otherwise', false, { 'daybreak-delete-data': 'Daybreak' }],
    ['the command names another stack', true, { 'daybreak-delete-data': 'Other' }],
    ['the command says no more than true', true, { 'daybreak-delete-data': 'true' }],
  ])('keeps the data where %s, and says what is missing', (_, deletesData, context) => {
    expect(judge(deletesData, context)).toEqual({
      policy: RemovalPolicy.RETAIN,
      warnings: [
        expect.stringContaining(
          'only the setting deletesData and --context daybreak-delete-data=Daybreak together delete them',
        ),
      ],
    });
  });

  it('deletes the data where both keys say so', () => {
    expect(judge(BOTH_KEYS.deletesData, BOTH_KEYS.context)).toEqual({
      policy: RemovalPolicy.DESTROY,
      warnings: [],
    });
  });

  it('decides for both buckets, and empties those that it deletes', () => {
    const stack = synthStack({ deletesData: true }, { context: BOTH_KEYS.context });
    const buckets = Object.values(resourcesOf(stack, 'AWS::S3::Bucket'));
    expect(buckets.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(['Delete', 'Delete']);
    expect(Object.keys(resourcesOf(stack, 'Custom::S3AutoDeleteObjects'))).toHaveLength(2);
  });
});
