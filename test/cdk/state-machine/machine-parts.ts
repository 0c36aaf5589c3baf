import type { MachineParts } from '../../../cdk/state-machine/machine-parts.ts';

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:111122223333:function:${name}:1`;

/** Parts as an account would give them. */
export const MACHINE_PARTS: MachineParts = {
  partition: 'aws',
  blocksBucketName: 'daybreak-blocks',
  versionArns: {
    split: arnOf('split'),
    map: arnOf('map'),
    'map-large': arnOf('map-large'),
    reduce: arnOf('reduce'),
    'reduce-large': arnOf('reduce-large'),
    modules: arnOf('modules'),
    'modules-large': arnOf('modules-large'),
    seal: arnOf('seal'),
    publish: arnOf('publish'),
    end: arnOf('end'),
    dispatch: arnOf('dispatch'),
  },
  functionTimeoutSeconds: 900,
  executionTimeoutSeconds: 259_200,
};
