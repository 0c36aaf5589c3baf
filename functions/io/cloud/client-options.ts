/** Who asks, and where: what the command line says, else what the SDK finds in the environment. */
export type ClientOptions = {
  readonly region?: string | undefined;
  /** A name in the shared configuration files. */
  readonly profile?: string | undefined;
  /** Another address than AWS's own: an emulator. */
  readonly endpoint?: string | undefined;
};

/** Throttling is waited out in this many tries, with the SDK's own pauses between. */
const MAX_ATTEMPTS = 6;

/** Three SYN packets go out in this time. */
const CONNECT_MS = 5000;
/** These services answer in a second; nothing of theirs is long. */
const REQUEST_MS = 30_000;

/** The configuration of a client whose every wait has a bound. What is not given is left to the SDK. */
export const clientConfigOf = ({ region, profile, endpoint }: ClientOptions = {}) => ({
  ...(region === undefined ? {} : { region }),
  ...(profile === undefined ? {} : { profile }),
  ...(endpoint === undefined ? {} : { endpoint }),
  retryMode: 'standard' as const,
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    throwOnRequestTimeout: true,
  },
});
