import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { daemonAddress } from './address.ts';
import { UsageError } from './exit.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-address-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const urlFor = (yaml: string | null, env: Record<string, string> = {}, url?: string): string => {
  if (yaml !== null) writeFileSync(join(cwd, 'tidemark.yaml'), yaml);
  return daemonAddress({ url }, { cwd, env }).url;
};

test('without anything the daemon is on its default address', () => {
  expect(urlFor(null)).toBe('http://127.0.0.1:4100');
});

test('the folder’s configuration says where its daemon listens', () => {
  expect(urlFor('server: { listen: 127.0.0.1:4999 }')).toBe('http://127.0.0.1:4999');
  expect(urlFor('server: { listen: "${HOST}:4999" }', { HOST: '10.0.0.7' })).toBe('http://10.0.0.7:4999');
});

test('a daemon that listens on every address is reached on loopback', () => {
  expect(urlFor('server: { listen: 0.0.0.0:4100 }')).toBe('http://127.0.0.1:4100');
  expect(urlFor('server: { listen: "[::]:4100" }')).toBe('http://[::1]:4100');
});

test('a configuration that cannot be read does not keep a client from working', () => {
  expect(urlFor('server: [')).toBe('http://127.0.0.1:4100');
  expect(urlFor('- a list')).toBe('http://127.0.0.1:4100');
  expect(urlFor('server: { listen: 12 }')).toBe('http://127.0.0.1:4100');
  expect(urlFor('server: { listen: "not an address" }')).toBe('http://127.0.0.1:4100');
});

test('--url beats TIDEMARK_URL, which beats the configuration', () => {
  const yaml = 'server: { listen: 127.0.0.1:4999 }';
  expect(urlFor(yaml, { TIDEMARK_URL: 'http://b:2' })).toBe('http://b:2/');
  expect(urlFor(yaml, { TIDEMARK_URL: 'http://b:2' }, 'https://c:3/path')).toBe('https://c:3/path');
  expect(urlFor(yaml, {}, 'localhost:4100')).toBe('http://localhost:4100/');
});

test.each(['ftp://x', 'http://', 'http://user:pass@x', 'http://x?y=1'])('%s is no address of a daemon', (url) => {
  expect(() => urlFor(null, {}, url)).toThrow(UsageError);
});

test('an empty token is none', () => {
  expect(daemonAddress({}, { cwd, env: { TIDEMARK_ADMIN_TOKEN: '' } }).token).toBeUndefined();
  expect(daemonAddress({}, { cwd, env: { TIDEMARK_ADMIN_TOKEN: 'a' } }).token).toBe('a');
  expect(daemonAddress({ token: 'b' }, { cwd, env: { TIDEMARK_ADMIN_TOKEN: 'a' } }).token).toBe('b');
});
