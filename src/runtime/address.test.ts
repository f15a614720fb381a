import fc from 'fast-check';
import { isIP, isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import { embeddedIn, isWithin, parseAddress, parseSubnet, reachOf, type Reach } from './address.ts';

const reach = (text: string): Reach | 'no address' => {
  const address = parseAddress(text);
  return address ? reachOf(address) : 'no address';
};

describe('reading', () => {
  test.each([
    ['0x7f000001'],
    ['0x7f.0.0.1'],
    ['0177.0.0.1'],
    ['017700000001'],
    ['2130706433'],
    ['127.1'],
    ['127.0.1'],
    ['127.0.0.01'],
    ['127.0.0.1.'],
    ['127.0.0.256'],
    ['1.2.3'],
    ['1.2.3.4.5'],
    ['１２７.0.0.1'],
    [' 127.0.0.1'],
    [''],
    ['localhost'],
    [':'],
    [':::'],
    ['1::2::3'],
    ['1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9'],
    ['1:2:3:4:5:6:7::8:9'],
    ['::12345'],
    ['::g'],
    ['::ffff:127.0.0.01'],
    ['::127.0.0.1:1'],
    ['[::1]'],
  ])('%j is no plain notation of an address', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test('the system and we agree on what an address is', () => {
    const texts = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789abf:.')) }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseAddress(text) !== null).toBe(isIP(text) !== 0);
      }),
      { numRuns: 3_000 },
    );
  });

  test('every notation of an IPv6 address gives the number that the URL parser gives', () => {
    fc.assert(
      fc.property(fc.ipV6().filter(isIPv6), (text) => {
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(parseAddress(text)).toEqual(parseAddress(canonical));
      }),
    );
  });

  test('a zone does not hide an address', () => {
    expect(reach('fe80::1%eth0')).toBe('link-local');
    expect(reach('::1%lo')).toBe('loopback');
    expect(parseSubnet('fe80::1%eth0/64')).toBeNull();
  });
});

describe('where an address leads', () => {
  test.each<[Reach, readonly string[]]>([
    ['public', ['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00::1']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd12::1', 'fc00::1']],
    ['shared', ['100.64.0.1', '100.127.255.255']],
    ['link-local', ['169.254.0.1', 'fe80::1', 'febf::1']],
    [
      'metadata',
      ['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', '192.0.0.192'],
    ],
    ['unspecified', ['0.0.0.0', '0.1.2.3', '::']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    [
      'reserved',
      [
        '240.0.0.1',
        '255.255.255.255',
        '192.0.2.1',
        '198.18.0.1',
        '203.0.113.5',
        '2001:db8::1',
        'fec0::1',
        '4000::1',
        '100::1',
      ],
    ],
    [
      'embedded',
      [
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '0:0:0:0:0:ffff:a00:1',
        '::ffff:0:127.0.0.1',
        '::127.0.0.1',
        '::7f00:1',
        '64:ff9b::127.0.0.1',
        '64:ff9b::a9fe:a9fe',
        '64:ff9b:1::1',
        '2002:7f00:1::',
        '2001:0:4136:e378:8000:63bf:3fff:fdd2',
      ],
    ],
  ])('%s', (expected, texts) => {
    expect(texts.map((text) => [text, reach(text)])).toEqual(texts.map((text) => [text, expected]));
  });

  test('no private IPv4 address is public in any IPv6 disguise', () => {
    const prefixes = ['::ffff:', '::ffff:0:', '::', '64:ff9b::'];
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...prefixes), (v4, prefix) => {
        const address = parseAddress(prefix + v4)!;
        // Below ::2 stand the unspecified address and loopback, which are refused in their own right.
        if (address.bits > 1n) {
          expect(reachOf(address)).toBe('embedded');
          expect(embeddedIn(address)).toEqual(parseAddress(v4));
        } else expect(reachOf(address)).not.toBe('public');
      }),
    );
  });

  test('6to4 gives its IPv4 address back, a plain address has none inside', () => {
    expect(embeddedIn(parseAddress('2002:0a00:0001::1')!)).toEqual(parseAddress('10.0.0.1'));
    expect(embeddedIn(parseAddress('2606:4700::1')!)).toBeNull();
    expect(embeddedIn(parseAddress('10.0.0.1')!)).toBeNull();
  });
});

describe('subnets', () => {
  test.each([
    ['10.0.0.1/8'],
    ['10.0.0.0/33'],
    ['10.0.0.0/08'],
    ['10.0.0.0/-1'],
    ['10.0.0.0/8/8'],
    ['10/8'],
    ['fd00::/129'],
    ['x/8'],
    ['/8'],
    ['10.0.0.0/'],
  ])('%s is none', (text) => {
    expect(parseSubnet(text)).toBeNull();
  });

  test('an address is within the subnets it shares all leading bits with, of its own version', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), (text, prefix) => {
        const address = parseAddress(text)!;
        const rest = BigInt(32 - prefix);
        const subnet = { version: 4, prefix, bits: (address.bits >> rest) << rest } as const;
        expect(isWithin(address, subnet)).toBe(true);
        expect(isWithin({ version: 6, bits: address.bits }, subnet)).toBe(false);
        if (prefix > 0) expect(isWithin({ ...address, bits: address.bits ^ (1n << rest) }, subnet)).toBe(false);
      }),
    );
  });

  test('a single address is a subnet of one', () => {
    expect(parseSubnet('10.0.0.1')).toEqual({ ...parseAddress('10.0.0.1'), prefix: 32 });
    expect(parseSubnet('0.0.0.0/0')).toMatchObject({ prefix: 0 });
  });
});
