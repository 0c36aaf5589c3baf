import { Annotations, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { DELETE_DATA_FLAG, type Settings } from './settings.ts';

/** What becomes of the buckets when the stack goes: they stay, unless both keys say otherwise. */
export const judgeRemoval = (stack: Stack, { deletesData, stackName }: Settings): RemovalPolicy => {
  const flag: unknown = stack.node.tryGetContext(DELETE_DATA_FLAG);
  if (deletesData && flag === stackName) return RemovalPolicy.DESTROY;
  if (deletesData || flag !== undefined) {
    const both = `the setting deletesData and --context ${DELETE_DATA_FLAG}=${stackName}`;
    Annotations.of(stack).addWarningV2(
      'daybreak:data-stays',
      `the data stay: only ${both} together delete them`,
    );
  }
  return RemovalPolicy.RETAIN;
};
