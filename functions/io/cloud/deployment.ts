import { type CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { OUTPUTS } from '../../contract/environment.ts';
import { DeploymentError } from '../../contract/errors-cloud.ts';
import { asDeploymentError } from './aws-errors.ts';

/** What the outputs of a stack say of it. */
export type Deployment = { readonly stack: string; readonly region: string | undefined } & {
  readonly [Name in keyof typeof OUTPUTS]: string;
};

export type StackPlace = { readonly stack: string; readonly region: string | undefined };

/**
 * Finds a deployment by the outputs of its stack. Fails with DeploymentError: there is no such stack, it is none of
 * Daybreak, or the caller may not look.
 */
export const findDeployment = async (
  client: CloudFormationClient,
  { stack, region }: StackPlace,
): Promise<Deployment> => {
  const found = await describe(client, { stack, region });
  const values = new Map((found.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const missing = Object.values(OUTPUTS).filter((name) => values.get(name) === undefined);
  if (missing.length > 0) {
    throw new DeploymentError(
      `the stack ${stack} (${found.StackStatus}) is no deployment of this version: it has no output ${missing.join(', ')}; deploy it again, or name another with --stack`,
    );
  }
  const named = Object.entries(OUTPUTS).map(([name, output]) => [name, values.get(output)]);
  // Each name of the type has just been found to have a value.
  return { stack, region, ...Object.fromEntries(named) } as Deployment;
};

const describe = async (client: CloudFormationClient, { stack, region }: StackPlace): Promise<Stack> => {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const [found] = Stacks;
    if (found !== undefined) return found;
    throw noSuchStack({ stack, region });
  } catch (error) {
    // CloudFormation has no name of its own for it.
    if (error instanceof Error && error.name === 'ValidationError' && /does not exist/u.test(error.message)) {
      throw noSuchStack({ stack, region }, error);
    }
    throw asDeploymentError(error, { action: 'cloudformation:DescribeStacks', region });
  }
};

const noSuchStack = ({ stack, region }: StackPlace, cause?: Error): DeploymentError =>
  new DeploymentError(
    `there is no stack ${stack} in ${region ?? 'this region'} of this account; deploy it, or name another with --stack, --region or --profile`,
    cause === undefined ? {} : { cause },
  );
