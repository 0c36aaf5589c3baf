import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { StartMessage } from '../../functions/contract/start-message.ts';
import { asDeploymentError } from '../../functions/io/cloud/aws-errors.ts';
import { type ClientOptions, clientConfigOf } from '../../functions/io/cloud/client-options.ts';
import { findAllPresence, findCloudPresence } from '../../functions/io/cloud/cloud-presence.ts';
import { type Deployment, findDeployment } from '../../functions/io/cloud/deployment.ts';
import { sendStartMessage } from '../../functions/io/cloud/job-queue.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { createS3Client } from '../../functions/io/s3/s3-client.ts';
import { openS3Store } from '../../functions/io/s3/s3-store.ts';
import type { JobWorld } from '../../functions/stages/read-job-state.ts';
import type { StageContext } from '../../functions/stages/stage-context.ts';
import type { CloudPlace } from './place-options.ts';

/** A deployment as the command line sees it, with the caller's own permissions. */
export type OpenDeployment = {
  readonly deployment: Deployment;
  readonly clientOptions: ClientOptions;
  readonly store: ObjectStore;
  readonly world: JobWorld & Pick<StageContext, 's3' | 'now'>;
  readonly openList: () => Promise<JobWorld>;
  /** Gives a message to `start`. Fails with LimitError and DeploymentError. */
  readonly send: (message: StartMessage) => Promise<void>;
};

/** Fails with DeploymentError. */
export const openDeployment = async ({ stack, ...options }: CloudPlace): Promise<OpenDeployment> => {
  const config = clientConfigOf(options);
  const cloudFormation = new CloudFormationClient(config);
  const region = await regionOf(cloudFormation, options.region);
  const deployment = await findDeployment(cloudFormation, { stack, region });
  const s3 = createS3Client(options);
  const store = openS3Store(s3, { bucket: deployment.blocksBucket });
  const world = {
    store,
    s3,
    now: () => new Date(),
    findPresence: (job: { readonly job: string }) => findCloudPresence(store, job),
  };
  // An emulator's queues call themselves by another host than the one by which it was found.
  const queue = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  return {
    deployment,
    clientOptions: options,
    store,
    world,
    openList: async () => ({ store, findPresence: await findAllPresence(store) }),
    send: async (message) => {
      try {
        await sendStartMessage(queue, deployment.queueUrl, message);
      } catch (error) {
        throw asDeploymentError(error, { action: 'sqs:SendMessage', region });
      }
    },
  };
};

/** The region that the SDK finds, for sentences. Fails with DeploymentError where it finds none. */
const regionOf = async (
  client: CloudFormationClient,
  region: string | undefined,
): Promise<string | undefined> => {
  try {
    return await client.config.region();
  } catch (error) {
    throw asDeploymentError(error, { action: 'cloudformation:DescribeStacks', region });
  }
};
