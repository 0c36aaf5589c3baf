import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyOf, refuseAddress, refuseUrl } from '../../../functions/io/endpoints/address-policy.ts';
import { kindOfAddress } from '../../../functions/io/endpoints/judge-address.ts';
import { announceSeed } from '../../oracle/grammar.ts';

describe('the kind of an address', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.1.2', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['169.254.1.1', 'private'],
    ['fd12::1', 'private'],
    ['fe80::1', 'private'],
    ['fe80::1%eth0', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['2002:c0a8:0101::1', 'private'],
    ['169.254.169.254', 'never'],
    ['::ffff:169.254.169.254', 'never'],
    ['::ffff:a9fe:a9fe', 'never'],
    ['169.254.170.2', 'never'],
    ['fd00:ec2::254', 'never'],
    ['0.0.0.0', 'never'],
    ['::', 'never'],
    ['224.0.0.1', 'never'],
    ['255.255.255.255', 'never'],
    ['ff02::1', 'never'],
    ['8.8.8.8', 'public'],
    ['172.32.0.1', 'public'],
    ['100.128.0.1', 'public'],
    ['2606:4700::1111', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['localhost', 'never'],
    ['', 'never'],
    ['127.1', 'never'],
  ] as const)('of %s is %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });

  it('is the same for an IPv4 address and for every IPv6 address that carries it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const hex = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':');
        const kind = kindOfAddress(address);
        expect(kindOfAddress(`::ffff:${address}`)).toBe(kind);
        expect(kindOfAddress(`::ffff:${hex}`)).toBe(kind);
        expect(kindOfAddress(`64:ff9b::${address}`)).toBe(kind);
        expect(kindOfAddress(`2002:${hex}::`)).toBe(kind);
      }),
      announceSeed('kind of an address', 500),
    );
  });
});

describe('an address of an endpoint', () => {
  it.each([
    'https://api.openai.com/v1',
    'http://localhost:8000/v1',
    'http://127.0.0.1:8000/v1',
    'http://[::1]:8000/v1',
    'https://8.8.8.8/v1',
    'http://models.localhost/v1',
  ])('is taken: %s', (url) => {
    expect(refuseUrl(url, false)).toBeUndefined();
  });

  it.each([
    ['ftp://example.com', /begins with https/],
    ['file:///etc/passwd', /begins with https/],
    ['example.com/v1', /begins with https/],
    ['https://user:pass@example.com/v1', /no user and no password/],
    ['https://example.com/v1?key=x', /ends before/],
    ['https://example.com/v1#x', /ends before/],
    ['http://example.com/v1', /use https/],
    ['http://8.8.8.8/v1', /plain http/],
    ['https://10.0.0.1/v1', /private address/],
    ['http://192.168.0.7/v1', /private address/],
    // As the URL standard reads them.
    ['http://0x0a000001/v1', /private address/],
    ['http://10.1/v1', /private address/],
    ['http://167772161/v1', /private address/],
    ['https://[::ffff:10.0.0.1]/v1', /private address/],
    ['http://169.254.169.254/latest', /no endpoint has/],
    ['http://[fd00:ec2::254]/latest', /no endpoint has/],
  ])('is refused: %s', (url, message) => {
    expect(refuseUrl(url, false)).toMatch(message);
  });

  it('may be private where that is allowed, but never that of a service with credentials', () => {
    expect(refuseUrl('http://10.0.0.1:8000/v1', true)).toBeUndefined();
    expect(refuseUrl('http://gpu.internal/v1', true)).toBeUndefined();
    expect(refuseUrl('http://169.254.169.254/latest', true)).toMatch(/no endpoint has/);
    expect(refuseUrl('http://8.8.8.8/v1', true)).toMatch(/plain http/);
  });
});

describe('an address that a name leads to', () => {
  const refusalOf = (url: string, address: string, allowsPrivate = false) =>
    refuseAddress(address, policyOf(new URL(url), allowsPrivate));

  it.each([
    ['https://models.example.com', '8.8.8.8', undefined],
    ['https://models.example.com', '127.0.0.1', /leads to this machine/],
    ['https://models.example.com', '10.0.0.1', /private/],
    ['https://models.example.com', '169.254.169.254', /no endpoint has/],
    ['http://localhost', '127.0.0.1', undefined],
    ['http://localhost', '8.8.8.8', /plain http/],
    ['http://localhost', '10.0.0.1', /private/],
  ])('is judged as well: %s at %s', (url, address, message) => {
    const refusal = refusalOf(url, address);
    if (message === undefined) expect(refusal).toBeUndefined();
    else expect(refusal).toMatch(message);
  });
});
