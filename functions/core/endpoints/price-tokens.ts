import type { EndpointPrice } from '../../contract/endpoint-settings.ts';

const TOKENS_OF_PRICE = 1_000_000;

/** USD for tokens, at prices per million of them. */
export const priceTokens = (
  price: EndpointPrice,
  tokens: { readonly promptTokens: number; readonly outputTokens: number },
): number => (tokens.promptTokens * price.inUsd + tokens.outputTokens * price.outUsd) / TOKENS_OF_PRICE;
