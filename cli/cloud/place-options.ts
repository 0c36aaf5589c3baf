import { UsageError } from '../../functions/contract/errors-command.ts';

/** Where the jobs of a command are: in a work folder of this machine, or in a deployment. */
export type PlaceOptions = {
  readonly workdir?: string;
  readonly stack?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
};

const DEFAULT_STACK = 'Daybreak';
const STACK_VARIABLE = 'DAYBREAK_STACK';

const CLOUD_OPTIONS = ['stack', 'profile', 'region', 'endpoint'] as const;

export type CloudPlace = {
  readonly stack: string;
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
};

/**
 * The deployment that the options name, undefined where they name none: any of --stack, --profile, --region and
 * --endpoint does, and so does DAYBREAK_STACK unless a work folder is given. Fails with UsageError where both are.
 */
export const cloudPlaceOf = (
  options: PlaceOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CloudPlace | undefined => {
  const given = CLOUD_OPTIONS.filter((name) => options[name] !== undefined);
  const fromEnvironment = environment[STACK_VARIABLE] || undefined;
  if (options.workdir !== undefined) {
    if (given.length === 0) return undefined;
    throw new UsageError(
      `--workdir names jobs of this machine and --${given[0]} jobs of a deployment; give one of them`,
    );
  }
  if (given.length === 0 && fromEnvironment === undefined) return undefined;
  return requireCloudPlace(options, environment);
};

/** The deployment of a command that has no other place, `Daybreak` where nothing names one. */
export const requireCloudPlace = (
  options: PlaceOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CloudPlace => {
  const { stack = environment[STACK_VARIABLE] || DEFAULT_STACK, profile, region, endpoint } = options;
  return {
    stack,
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
};

/** Adds to each command of Daybreak that a sentence names the options by which its job is found again. */
export const addPlace = (sentence: string, options: PlaceOptions): string => {
  const words = CLOUD_OPTIONS.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name} ${quoteWord(value)}`];
  });
  if (words.length === 0) return sentence;
  return sentence.replaceAll(
    /`daybreak [^`]*`/g,
    (command) => `${command.slice(0, -1)} ${words.join(' ')}\``,
  );
};

/** As a shell reads one word. */
const quoteWord = (word: string): string =>
  /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
