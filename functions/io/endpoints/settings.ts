import type { EndpointFields, EndpointKind, EndpointPrice } from '../../contract/endpoint-settings.ts';
import type { Secret } from './secret.ts';

/** One endpoint, ready to be asked. */
export type EndpointSettings = {
  readonly name: string;
  /** The base of the API, without a `/` at its end. */
  readonly url: string;
  readonly kind: EndpointKind;
  readonly key?: Secret;
  /** The variable or file where the key stands; without one the variable where it would. */
  readonly keyPlace: string;
  readonly models?: readonly string[];
  readonly concurrency: number;
  readonly price?: EndpointPrice;
  readonly timeoutSeconds: number;
  readonly attempts: number;
  readonly giveUpSeconds: number;
  readonly sendsSeed: boolean;
  readonly maxTokensField: NonNullable<EndpointFields['max_tokens_field']>;
  readonly allowsPrivate: boolean;
};
