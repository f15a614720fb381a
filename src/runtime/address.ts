/** An IP address as a number: 32 or 128 bits. */
export interface Address {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

export interface Subnet extends Address {
  readonly prefix: number;
}

/** What is reached through an address. */
export type Reach =
  | 'public'
  | 'loopback'
  /** RFC 1918 and unique local. */
  | 'private'
  /** Carrier-grade NAT and mesh networks: 100.64.0.0/10. */
  | 'shared'
  | 'link-local'
  /** Where clouds keep credentials of the machine. */
  | 'metadata'
  | 'unspecified'
  | 'multicast'
  /** An IPv4 address inside an IPv6 one: mapped, NAT64, 6to4, Teredo. Another host may be meant than it seems. */
  | 'embedded'
  | 'reserved';

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/;
const HEX = /^[0-9a-f]{1,4}$/i;

/**
 * Reads the plain notations only: four decimals, or IPv6 with at most one `::`. `127.1`, `0x7f000001`, `017700000001`
 * and `2130706433` are addresses for some readers and names for others, so they are none here. A zone
 * (`fe80::1%eth0`) is not part of the address.
 */
export function parseAddress(text: string): Address | null {
  const [plain = ''] = text.split('%', 1);
  return plain.includes(':') ? parseV6(plain) : parseV4(plain);
}

/** `10.0.0.0/8`, `fd00::/8`; a single address is a subnet of one. Bits beyond the prefix must be zero. */
export function parseSubnet(text: string): Subnet | null {
  const [host = '', length, ...rest] = text.split('/');
  const address = text.includes('%') ? null : parseAddress(host);
  if (!address || rest.length > 0) return null;
  const width = address.version === 4 ? 32 : 128;
  if (length !== undefined && !DECIMAL.test(length)) return null;
  const prefix = length === undefined ? width : Number(length);
  if (prefix > width || (address.bits & ((1n << BigInt(width - prefix)) - 1n)) !== 0n) return null;
  return { ...address, prefix };
}

export function isWithin(address: Address, subnet: Subnet): boolean {
  const rest = BigInt((subnet.version === 4 ? 32 : 128) - subnet.prefix);
  return address.version === subnet.version && address.bits >> rest === subnet.bits >> rest;
}

/** The IPv4 address inside an IPv6 one, where its place is defined. */
export function embeddedIn(address: Address): Address | null {
  if (address.version === 4) return null;
  if (V4_AT_THE_END.some((subnet) => isWithin(address, subnet)))
    return { version: 4, bits: address.bits & 0xffffffffn };
  return isWithin(address, SIX_TO_FOUR) ? { version: 4, bits: (address.bits >> 80n) & 0xffffffffn } : null;
}

/** By the IANA special-purpose registries; the first row that holds the address decides. */
export function reachOf(address: Address): Reach {
  const found = ROWS.find(([subnet]) => isWithin(address, subnet));
  if (found) return found[1];
  if (address.version === 4) return 'public';
  // All global unicast is in 2000::/3; whatever is not is not yet anybody's.
  return address.bits >> 125n === 1n ? 'public' : 'reserved';
}

function parseV4(text: string): Address | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) < 256)) return null;
  return { version: 4, bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) };
}

function parseV6(text: string): Address | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (!head || tail === null) return null;
  if (!tail) return head.length === 8 ? { version: 6, bits: bitsOf(head) } : null;
  const missing = 8 - head.length - tail.length;
  if (missing < 1) return null;
  return { version: 6, bits: bitsOf([...head, ...Array<bigint>(missing).fill(0n), ...tail]) };
}

/** 16-bit groups; an IPv4 address may stand for the last two. */
function groupsOf(text: string): readonly bigint[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const last = parts.at(-1) ?? '';
  const v4 = last.includes('.') ? parseV4(last) : null;
  const hex = last.includes('.') ? parts.slice(0, -1) : parts;
  if ((last.includes('.') && !v4) || !hex.every((part) => HEX.test(part))) return null;
  return [...hex.map((part) => BigInt(`0x${part}`)), ...(v4 ? [v4.bits >> 16n, v4.bits & 0xffffn] : [])];
}

const bitsOf = (groups: readonly bigint[]): bigint => groups.reduce((bits, group) => (bits << 16n) | group, 0n);

function subnet(text: string): Subnet {
  const parsed = parseSubnet(text);
  if (!parsed) throw new Error(`${text} is not a subnet`);
  return parsed;
}

const SIX_TO_FOUR = subnet('2002::/16');
const V4_AT_THE_END = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '::/96'].map(subnet);

const TABLE: readonly (readonly [string, Reach])[] = [
  ['169.254.169.254', 'metadata'],
  ['169.254.170.2', 'metadata'],
  ['168.63.129.16', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['192.0.0.192', 'metadata'],
  ['fd00:ec2::254', 'metadata'],
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::ffff:0:0/96', 'embedded'],
  ['::ffff:0:0:0/96', 'embedded'],
  ['::/96', 'embedded'],
  ['64:ff9b::/96', 'embedded'],
  ['64:ff9b:1::/48', 'embedded'],
  ['2001::/32', 'embedded'],
  ['2002::/16', 'embedded'],
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'reserved'],
  ['3fff::/20', 'reserved'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['ff00::/8', 'multicast'],
];

const ROWS: readonly (readonly [Subnet, Reach])[] = TABLE.map(([text, reach]) => [subnet(text), reach]);
