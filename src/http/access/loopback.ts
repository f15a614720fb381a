import { isIPv4 } from 'node:net';

/** Whether an address can only be reached from this machine. Names other than `localhost` are not looked up. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/^::ffff:/i, '');
  if (plain === '::1' || plain.toLowerCase() === 'localhost') return true;
  return isIPv4(plain) && plain.startsWith('127.');
}
