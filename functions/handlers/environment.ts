import * as z from 'zod';
import { AllowedUris } from '../contract/allowed-uris.ts';
import { ENVIRONMENT } from '../contract/environment.ts';

const whole = (least: number) => z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(least));
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'expected JSON' });
    return z.NEVER;
  }
});

/** The variables of all functions; a handler picks those that it reads. */
const Variables = z.object({
  [ENVIRONMENT.blocksBucket]: z.string().min(3),
  [ENVIRONMENT.dataBucket]: z.string().min(3),
  [ENVIRONMENT.queueUrl]: z.url(),
  [ENVIRONMENT.stateMachineArn]: z.string().startsWith('arn:'),
  [ENVIRONMENT.apiKeysSecretArn]: z.string().min(1),
  [ENVIRONMENT.mostJobs]: whole(1),
  [ENVIRONMENT.mostTasks]: whole(1),
  [ENVIRONMENT.sliceBytes]: whole(1),
  [ENVIRONMENT.keepBlocks]: flag,
  [ENVIRONMENT.allowedUris]: json.pipe(AllowedUris),
});

type Variable = keyof typeof ENVIRONMENT;
type ValueOf<Name extends Variable> = z.infer<(typeof Variables)['shape'][(typeof ENVIRONMENT)[Name]]>;
export type Environment<Name extends Variable> = { readonly [Each in Name]: ValueOf<Each> };

/** The variables that a handler needs, parsed once. Throws naming all that are missing or wrong: a mistake of the stack. */
export const readEnvironment = <Name extends Variable>(...names: readonly Name[]): Environment<Name> => {
  const problems: string[] = [];
  const values: Partial<Record<Variable, unknown>> = {};
  for (const name of names) {
    const variable = ENVIRONMENT[name];
    const parsed = Variables.shape[variable].safeParse(process.env[variable]);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${variable}: ${parsed.error.issues.map(({ message }) => message).join(', ')}`);
  }
  if (problems.length > 0)
    throw new Error(`the environment of the function is wrong: ${problems.join('; ')}`);
  return values as Environment<Name>; // every name was parsed by its own schema
};

/** Another address than AWS's own, as the SDK's own variables name it: an emulator, or a store that speaks S3. */
export const readEndpoint = (): string | undefined =>
  process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
