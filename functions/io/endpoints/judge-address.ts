import { BlockList, isIP } from 'node:net';

/**
 * `never`: addresses of services that hand out credentials to whoever asks from this machine, and addresses that are
 * no host's.
 */
export type AddressKind = 'loopback' | 'private' | 'public' | 'never';

type Range = readonly [address: string, prefix: number];

const listOf = (family: 'ipv4' | 'ipv6', ranges: readonly Range[]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family);
  return list;
};

/** @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const V4 = {
  never: listOf('ipv4', [
    ['0.0.0.0', 8],
    // The metadata services of clouds, and of containers in them.
    ['169.254.169.254', 32],
    ['169.254.170.2', 32],
    ['169.254.170.23', 32],
    ['100.100.100.200', 32],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ]),
  loopback: listOf('ipv4', [['127.0.0.0', 8]]),
  private: listOf('ipv4', [
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
  ]),
} as const;

/** @see https://www.iana.org/assignments/iana-ipv6-special-registry */
const V6 = {
  never: listOf('ipv6', [
    ['::', 128],
    ['fd00:ec2::254', 128],
    ['fd00:ec2::23', 128],
    ['ff00::', 8],
  ]),
  loopback: listOf('ipv6', [['::1', 128]]),
  private: listOf('ipv6', [
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['fc00::', 7],
    ['fe80::', 10],
    ['fec0::', 10],
  ]),
} as const;

/** Where an IPv6 address carries one of IPv4, and in which of its eight groups: mapped, translated, 6to4. */
const CARRIERS = [
  { range: listOf('ipv6', [['::ffff:0:0', 96]]), group: 6 },
  { range: listOf('ipv6', [['::ffff:0:0:0', 96]]), group: 6 },
  { range: listOf('ipv6', [['64:ff9b::', 96]]), group: 6 },
  { range: listOf('ipv6', [['64:ff9b:1::', 48]]), group: 6 },
  { range: listOf('ipv6', [['2002::', 16]]), group: 1 },
] as const;

/** The eight groups, from an address as the URL standard writes it: without dots, one `::` at most. */
const groupsOf = (address: string): readonly number[] => {
  const { hostname } = new URL(`http://[${address}]/`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [read(head), read(tail ?? '')];
  return tail === undefined
    ? left
    : [...left, ...new Array(8 - left.length - right.length).fill(0), ...right];
};

const carriedV4 = (address: string): string | undefined => {
  const carrier = CARRIERS.find(({ range }) => range.check(address, 'ipv6'));
  if (carrier === undefined) return undefined;
  const groups = groupsOf(address);
  return [groups[carrier.group] ?? 0, groups[carrier.group + 1] ?? 0]
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
};

/** Says what an IP address leads to. Anything that is no address is `never`. */
export const kindOfAddress = (address: string): AddressKind => {
  const family = isIP(address);
  if (family === 0) return 'never';
  // A zone such as `%eth0` belongs to the link, not to the address.
  const plain = address.replace(/%.*$/, '');
  const carried = family === 6 ? carriedV4(plain) : undefined;
  if (carried !== undefined) return kindOfAddress(carried);
  const [lists, name] = family === 4 ? ([V4, 'ipv4'] as const) : ([V6, 'ipv6'] as const);
  for (const kind of ['never', 'loopback', 'private'] as const)
    if (lists[kind].check(plain, name)) return kind;
  return 'public';
};
