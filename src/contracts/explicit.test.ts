import { describe, expect, it } from 'vitest';
import { explicitMessage, name, target } from './explicit.ts';

const problem = (message: unknown): string | undefined => explicitMessage.safeParse(message).error?.issues[0]?.message;

describe('an explicit message', () => {
  it('is taken as it is', () => {
    const message = { keys: ['k'], tags: ['t'], namespace: 'n', soft: true, reason: 'why' };
    expect(explicitMessage.parse(message)).toStrictEqual(message);
    expect(explicitMessage.parse({ namespaces: ['n'], urls: ['/u'] })).toStrictEqual({
      namespaces: ['n'],
      urls: ['/u'],
    });
  });

  it.each([{}, { keys: [] }, { soft: true, reason: 'why' }])('has to name something: %j', (message) => {
    expect(problem(message)).toBe('name at least one of keys, tags, namespaces, urls');
  });

  it.each([
    { soft: true, namespaces: ['n'] },
    { soft: true, keys: ['k'], urls: ['/u'] },
  ])('cannot expire what is only ever purged: %j', (message) => {
    expect(problem(message)).toBe('only keys and tags can be expired; namespaces and urls are always purged');
  });

  it.each([target, name])('has no control characters in what it names', (schema) => {
    expect(schema.safeParse('a\u0007b').error?.issues[0]?.message).toBe('must not contain control characters');
    expect(schema.parse('a b')).toBe('a b');
  });
});
