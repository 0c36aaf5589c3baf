import { SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** The salted hashes of the API keys; only the authorizer reads them. Empty at first: then every request is refused. */
export class ApiKeys extends Construct {
  readonly secret: secretsmanager.Secret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.secret = new secretsmanager.Secret(this, 'Secret', {
      description: 'API keys of Daybreak: ids and salted hashes, as { "keys": [...] }',
      // No secret: a later deploy does not touch what has been put here since.
      secretStringValue: SecretValue.unsafePlainText(JSON.stringify({ keys: [] })),
    });
    acknowledge(
      this,
      'AwsSolutions-SMG4',
      'It holds hashes of keys that clients hold; only whoever made a key can replace it there, so no schedule can.',
    );
  }
}
