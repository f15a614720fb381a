import { describe, expect, it } from 'vitest';
import { isLoopback, parseListen } from './listen.ts';

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1:4100', '127.0.0.1', 4100],
    ['[::1]:4100', '::1', 4100],
    ['localhost:0', 'localhost', 0],
    [':4100', '127.0.0.1', 4100],
    ['4100', '127.0.0.1', 4100],
    [4100, '127.0.0.1', 4100],
    ['0.0.0.0:65535', '0.0.0.0', 65535],
  ])('%s', (text, host, port) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  it.each([
    '',
    'localhost',
    'localhost:http',
    '127.0.0.1:65536',
    '::1:4100',
    '[]:1',
    '[::1]',
    'a b:1',
    'http://a:1',
    'u@h:1',
    '-1',
    '1e3',
  ])('is not %j', (text) => {
    expect(parseListen(text)).toBeNull();
  });

  it('is loopback only when no other machine can reach it', () => {
    expect(['127.0.0.1', '127.8.9.1', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'local', ''].map(isLoopback)).not.toContain(true);
  });
});
