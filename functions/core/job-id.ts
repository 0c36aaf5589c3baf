/** An id has room for 63 characters: the name gives way to what tells one job from another. */
const LONGEST_ID = 63;

const joinId = (name: string, suffix: string): string =>
  `${name.slice(0, LONGEST_ID - suffix.length - 1).replace(/-+$/, '')}-${suffix}`;

/** The name, the time and some random digits: in a list of jobs those of one name stand in the order of time. */
export const drawJobId = (name: string, now: Date, random: string): string => {
  const at = now
    .toISOString()
    .replaceAll(/[-:]|\..*$/g, '')
    .toLowerCase();
  return joinId(name, `${at}-${random}`);
};

const DIGITS_OF_REQUEST = 16;

/** The same for the same request: the name, and the beginning of what the request is known by (a hash in hex). */
export const requestJobId = (name: string, requestHash: string): string =>
  joinId(name, requestHash.slice(0, DIGITS_OF_REQUEST));
