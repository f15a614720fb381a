import { describe, expect, it } from 'vitest';
import { redisLayer } from './index.ts';

const messagesOf = (options: unknown): string =>
  redisLayer.options
    .safeParse(options)
    .error?.issues.map(({ message }) => message)
    .join('; ') ?? '';

describe('the options of a redis layer', () => {
  it('need a url and nothing else', () => {
    const parsed = redisLayer.options.parse({ url: 'redis://127.0.0.1' });
    expect(parsed).toMatchObject({ cluster: false, prefix: 'tidemark', timeout: 100, serializer: 'v8' });
    expect(String(parsed.url)).toBe('***');
  });

  it.each([
    [{ url: 'http://a' }, 'a url is redis://'],
    [{ url: 'redis://a/index' }, 'a url is redis://'],
    [{ url: [] }, 'expected array to have >=1 items'],
    [{ url: ['redis://a', 'redis://b'] }, 'say `cluster: true` or `sentinel'],
    [{ url: ['redis://a', 'redis://b'], cluster: true, sentinel: 'm' }, 'a cluster has no sentinels'],
    [{ url: 'redis://a', prefix: 'a{b}' }, 'a prefix is a word'],
  ])('%j is refused with what to do', (options, message) => {
    expect(messagesOf(options)).toContain(message);
  });

  it.each([
    [{ url: 'rediss://user:p%40ss@[::1]:6380/2' }],
    [{ url: ['redis://a', 'redis://b'], cluster: true }],
    [{ url: ['redis://a', 'redis://b'], sentinel: 'main' }],
  ])('%j is good', (options) => {
    expect(messagesOf(options)).toBe('');
  });
});
