import { describe, expect, it } from 'vitest';
import { hostAllowed } from './host.ts';
import { isLoopback } from './loopback.ts';

const allowed = new Set(['tidemark.internal']);

describe('hostAllowed', () => {
  it.each([
    'localhost',
    'localhost:4100',
    'LOCALHOST.',
    'shop.localhost:4100',
    '127.0.0.1:4100',
    '[::1]:4100',
    '192.168.1.7',
    'Tidemark.Internal:4100',
  ])('lets %s through', (host) => {
    expect(hostAllowed(host, allowed)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'evil-localhost',
    '127.0.0.1.nip.io',
    'tidemark.internal.evil.example',
    'localhost@evil.example',
    'evil.example#localhost',
    'localhost/x',
    'a b',
    '[::1].evil.example',
    'localhost:4100:80',
    '127.0.0.1, evil.example',
  ])('stops %s', (host) => {
    expect(hostAllowed(host, allowed)).toBe(false);
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', '::ffff:127.0.0.1', 'localhost'])('%s is', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.168.0.1', '127.0.0.1.nip.io', '127.evil', '::ffff:10.0.0.1', 'example.com', ''])(
    '%s is not',
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});
