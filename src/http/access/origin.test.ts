import { describe, expect, it } from 'vitest';
import { isCrossSite } from './origin.ts';

const host = 'localhost:4100';

describe('isCrossSite', () => {
  it.each([
    ['a program', {}],
    ['the page itself', { origin: 'http://localhost:4100', 'sec-fetch-site': 'same-origin' }],
    ['the page itself in an old browser', { origin: 'http://localhost:4100' }],
    ['the page behind a proxy that ends TLS', { origin: 'https://LOCALHOST:4100' }],
    ['an address typed by hand', { 'sec-fetch-site': 'none' }],
  ])('is not: %s', (_who, headers) => {
    expect(isCrossSite({ host, ...headers })).toBe(false);
  });

  it.each([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another site that an old browser names', { origin: 'https://evil.example' }],
    ['another site without an origin', { 'sec-fetch-site': 'cross-site' }],
    ['another name of the same site', { 'sec-fetch-site': 'same-site' }],
    ['another port of this machine', { origin: 'http://localhost:3000' }],
    ['a sandboxed page', { origin: 'null' }],
    ['an origin that only begins like ours', { origin: 'http://localhost:4100.evil.example' }],
    ['an origin with a user', { origin: 'http://localhost:4100@evil.example' }],
    ['no URL at all', { origin: 'localhost:4100' }],
    ['two headers', { 'sec-fetch-site': ['same-origin', 'cross-site'] }],
  ])('is: %s', (_who, headers) => {
    expect(isCrossSite({ host, ...headers })).toBe(true);
  });
});
