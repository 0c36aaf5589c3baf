import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { FunctionName } from '../../functions/contract/environment.ts';

export type FunctionCode = { readonly code: lambda.Code; readonly handler: string };

/** Where the stack gets the code of a handler: from its bundle, or in a test of the template from a line of text. */
export type CodeOf = (name: FunctionName) => FunctionCode;
