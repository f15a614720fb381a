import { expect, it } from 'vitest';
import { surveyOf, unusable, warningsOf } from './survey.ts';

const info = (version: string, policy: string): string =>
  `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n`;

it('a policy that may evict tombstones is warned of, the others are not', () => {
  expect(warningsOf(surveyOf(info('7.2.4', 'allkeys-lru')))[0]).toContain('volatile-lru');
  for (const policy of ['noeviction', 'volatile-lru', 'volatile-ttl'])
    expect(warningsOf(surveyOf(info('7.2.4', policy)))).toEqual([]);
});

it('a server that is too old cannot be used; one that does not say is given a chance', () => {
  expect(unusable(surveyOf(info('6.2.14', 'noeviction')))).toBe('version 6.2.14');
  expect(unusable(surveyOf(info('7.0.15', 'noeviction')))).toBeNull();
  expect(unusable(surveyOf(''))).toBeNull();
});
