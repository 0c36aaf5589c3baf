/** What cdk-nag finds and we mean: each with its reason, at the place that it is about. */
import { Stack, Validations } from 'aws-cdk-lib';
// The rule's own function: the id of a finding is made of what it returns.
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { Construct, IConstruct } from 'constructs';

/** Accepts a finding of a rule pack, for a construct and all below it. */
export const acknowledge = (scope: IConstruct, rule: `AwsSolutions-${string}`, reason: string): void =>
  Validations.of(scope).acknowledge({ id: rule, reason });

/** Accepts the resources among these that hold a `*`, in the policies below `scope`. */
export const acknowledgeWildcards = (
  scope: Construct,
  resources: readonly string[],
  reason: string,
): void => {
  for (const resource of resources) {
    const flat = flattenCfnReference(Stack.of(scope).resolve(resource));
    if (flat.includes('*')) acknowledge(scope, `AwsSolutions-IAM5[Resource::${flat}]`, reason);
  }
};
