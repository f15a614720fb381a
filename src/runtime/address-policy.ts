import { embeddedIn, isWithin, parseAddress, reachOf, type Address, type Reach, type Subnet } from './address.ts';

/** A URL that may be called as far as its text tells. */
export interface Target {
  readonly url: URL;
  /** The host when it is written as an address; then nothing is resolved. */
  readonly literal: Address | null;
}

export type TargetOrProblem =
  { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly problem: string };

/** Where an address leads for a person who wrote it down on purpose. */
const FINE_AS_WRITTEN: ReadonlySet<Reach> = new Set(['public', 'loopback', 'private', 'shared']);

const WORDS: Readonly<Record<Reach, string>> = {
  public: 'a public address',
  loopback: 'this machine',
  private: 'a private network',
  shared: 'a carrier-grade NAT or mesh network',
  'link-local': 'a link-local network',
  metadata: "a cloud's metadata service",
  unspecified: 'no address in particular, which many systems take for this machine',
  multicast: 'a multicast group',
  embedded: 'an IPv4 address inside an IPv6 one',
  reserved: 'a reserved network',
};

/**
 * Judges the text of a URL before anything is resolved. The host must be written the way it will be understood:
 * `0x7f000001`, `127.1`, `%31%32%37.0.0.1` or wide digits are all 127.0.0.1 to a URL parser, and a name to a reader.
 */
export function readTarget(text: string, allow: readonly Subnet[] = []): TargetOrProblem {
  const refuse = (problem: string): TargetOrProblem => ({ ok: false, problem });
  const written = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (!/^https?:\/\//i.test(text)) return refuse('it does not begin with http:// or https://');
  if (written === undefined || /[\s\\]/.test(text) || !URL.canParse(text)) return refuse('it is not a URL');
  if (written.includes('@')) return refuse('it has a user name in it: send credentials in a header');
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const literal = parseAddress(host);
  if (!literal) return { ok: true, target: { url, literal: null } };
  const plain = parseAddress(written.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'));
  if (plain?.bits !== literal.bits) return refuse(`its host is another way to write ${host}: write that`);
  const problem = problemOfLiteral(literal, allow);
  return problem ? refuse(`${host} is ${problem}`) : { ok: true, target: { url, literal } };
}

/** For an address that a name was resolved to. `null`: it may be connected to. */
export function problemOfResolved(name: string, address: string, allow: readonly Subnet[]): string | null {
  const parsed = parseAddress(address);
  if (!parsed) return `"${name}" resolves to ${address}, which is no address`;
  const reach = reachOf(parsed);
  if (reach === 'public' || isAllowed(parsed, allow)) return null;
  if (reach === 'loopback' && name.toLowerCase() === 'localhost') return null;
  return `"${name}" resolves to ${address}, ${WORDS[reach]}`;
}

function problemOfLiteral(address: Address, allow: readonly Subnet[]): string | null {
  const reach = reachOf(address);
  return FINE_AS_WRITTEN.has(reach) || isAllowed(address, allow) ? null : WORDS[reach];
}

/** A translated address is allowed when its prefix is listed and the address inside it is public or listed as well. */
function isAllowed(address: Address, allow: readonly Subnet[]): boolean {
  const isListed = (one: Address): boolean => allow.some((subnet) => isWithin(one, subnet));
  if (!isListed(address)) return false;
  const inner = reachOf(address) === 'embedded' ? embeddedIn(address) : null;
  return inner === null || reachOf(inner) === 'public' || isListed(inner);
}
