import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { realRuntime } from '../runtime/real.ts';
import { Tidemark } from '../service.ts';
import { openStream } from '../../test/support/sse.ts';
import { openApi } from './serve.ts';

async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const asked = request(`${url}/v1/status`, { headers });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

it('the token, the names and the bound of the configuration are those that the API holds to', async () => {
  const runtime = realRuntime();
  const token = 'a-token-that-is-long-enough-for-all';
  const tide = await Tidemark.start({
    runtime,
    config: {
      journal: { type: 'memory' },
      server: { admin_token: token, allowed_hosts: ['tidemark.internal'], max_streams: 1 },
      namespaces: { product: { ttl: '10m' } },
    },
  });
  const { url, close } = await openApi(tide, runtime, { host: '127.0.0.1', port: 0 });
  const authorization = `Bearer ${token}`;
  expect(await statusOf(url, { host: 'tidemark.internal', authorization })).toBe(200);
  expect(await statusOf(url, { host: 'tidemark.internal', authorization: 'Bearer wrong' })).toBe(401);
  expect(await statusOf(url, { host: 'evil.example', authorization })).toBe(403);
  const stream = await openStream(`${url}/v1/feed`, { authorization });
  const full = await fetch(`${url}/v1/feed`, { headers: { authorization } });
  expect([full.status, await full.text()]).toEqual([503, expect.stringContaining('server.max_streams')]);
  stream.leave();
  await close();
  await tide.close();
});
