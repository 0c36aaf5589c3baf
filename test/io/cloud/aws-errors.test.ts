import { describe, expect, it } from 'vitest';
import { DeploymentError } from '../../../functions/contract/errors-cloud.ts';
import { asDeploymentError } from '../../../functions/io/cloud/aws-errors.ts';

const REQUEST = { action: 'sqs:SendMessage', region: 'eu-west-1' };
const errorOf = (name: string, message = 'said so', more: object = {}): Error =>
  Object.assign(new Error(message), { name }, more);

describe('an error of AWS', () => {
  it.each([
    [errorOf('CredentialsProviderError'), 'no credentials were found (said so); give --profile'],
    [errorOf('TokenProviderError'), 'no credentials were found'],
    [errorOf('Error', 'Region is missing'), 'no region is known; give --region'],
    [errorOf('Error', 'Region not accepted: region="!"'), 'the region cannot be used: Region not accepted'],
    [errorOf('AccessDenied'), 'sqs:SendMessage is denied in eu-west-1'],
    [errorOf('AccessDeniedException'), 'sqs:SendMessage is denied in eu-west-1'],
    [errorOf('ExpiredToken'), 'the credentials are not valid, or no longer (ExpiredToken)'],
    [errorOf('UnrecognizedClientException'), 'the credentials are not valid'],
    [errorOf('TimeoutError'), 'no answer to sqs:SendMessage came from eu-west-1 (TimeoutError)'],
    [
      errorOf('Error', 'x', { code: 'ENOTFOUND' }),
      'came from eu-west-1 (ENOTFOUND); check the region, --endpoint',
    ],
  ])('becomes what one can do: %s', (error, sentence) => {
    const told = asDeploymentError(error, REQUEST);
    expect(told).toBeInstanceOf(DeploymentError);
    expect((told as DeploymentError).message).toContain(sentence);
    expect((told as DeploymentError).cause).toBe(error);
  });

  it('stays what it is where nobody who calls can do anything', () => {
    for (const error of [errorOf('InternalError'), errorOf('TypeError'), 'text', undefined])
      expect(asDeploymentError(error, REQUEST)).toBe(error);
  });

  it('keeps no request, in whose headers a token stands', () => {
    const error = errorOf('AccessDenied', 'no', { $response: { headers: { token: 'secret' } } });
    expect(JSON.stringify(Object.entries(asDeploymentError(error, REQUEST) as object))).not.toContain(
      'secret',
    );
    expect(error).not.toHaveProperty('$response');
  });
});
