import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { TidemarkError } from '../errors.ts';
import { problemOfResolved, readTarget } from './address-policy.ts';
import { parseSubnet } from './address.ts';
import { excerpt } from './excerpt.ts';
import { callJson, type Call, type Resolve } from './http-call.ts';
import { realRuntime } from './real.ts';
import { virtualRuntime } from './virtual.ts';

const runtime = realRuntime();
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

const call = (url: string, more: Partial<Call> = {}): Promise<{ readonly status: number }> =>
  callJson(runtime, { url, timeoutMs: 5_000, ...more });

async function failure(promise: Promise<unknown>): Promise<TidemarkError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TidemarkError);
  return error as TidemarkError;
}

const resolvesTo =
  (...addresses: readonly string[]): Resolve =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('a call', () => {
  test('sends JSON with the headers given and resolves with the status', async () => {
    const seen: unknown[] = [];
    const port = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push(request.method, request.url, request.headers['content-type'], request.headers['authorization'], body);
        response.writeHead(204).end();
      });
    });
    const headers = { Authorization: 'Bearer x' };
    const answer = await call(`http://127.0.0.1:${port}/refresh?a=1`, { headers, body: { projection: 'p', n: [1] } });
    expect(answer).toEqual({ status: 204 });
    expect(seen).toEqual(['POST', '/refresh?a=1', 'application/json', 'Bearer x', '{"projection":"p","n":[1]}']);
  });

  test('an error answer becomes an error with status and a short escaped excerpt', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(500).end(`<b>bad\n\u001b[31m</b>\u202e${'x'.repeat(5_000_000)}`);
    });
    const error = await failure(call(`http://127.0.0.1:${port}/r?token=canary`));
    expect(error.code).toBe('CALL_STATUS');
    expect(error.reaction).toBe('retry');
    expect(error.message).toContain(`http://127.0.0.1:${port}/r answered 500: "<b>bad \\u{1b}[31m</b>\\u{202e}xxx`);
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toContain('canary');
  });

  test.each([
    [400, 'CALL_REJECTED'],
    [401, 'CALL_REJECTED'],
    [404, 'CALL_REJECTED'],
    [408, 'CALL_STATUS'],
    [425, 'CALL_STATUS'],
    [429, 'CALL_STATUS'],
    [502, 'CALL_STATUS'],
    [503, 'CALL_STATUS'],
  ])('%i is %s', async (status, code) => {
    const port = await serve((_request, response) => response.writeHead(status).end());
    expect((await failure(call(`http://127.0.0.1:${port}/`))).code).toBe(code);
  });

  test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
    let inside = 0;
    const target = await serve((_request, response) => {
      inside++;
      response.end();
    });
    const location = `http://127.0.0.1:${target}/secret`;
    const port = await serve((_request, response) => response.writeHead(status, { location }).end());
    const error = await failure(call(`http://127.0.0.1:${port}/`));
    expect(error.code).toBe('CALL_REJECTED');
    expect(error.message).toContain(`a redirect to "${location}", which is not followed`);
    expect(inside).toBe(0);
  });

  test('a success without end is cut at the bound and counts as one', async () => {
    let sent = 0;
    let ended: () => void;
    const closed = new Promise<void>((resolve) => (ended = resolve));
    const port = await serve((_request, response) => {
      response.on('close', () => {
        ended();
      });
      const chunk = Buffer.alloc(16_384, 'x');
      const more = (): void => {
        sent += chunk.length;
        if (!response.destroyed && sent < 200_000_000) response.write(chunk, more);
      };
      more();
    });
    expect(await call(`http://127.0.0.1:${port}/`)).toEqual({ status: 200 });
    await closed;
    expect(sent).toBeLessThan(50_000_000);
  });

  test('a service that does not run is CALL_FAILED', async () => {
    const port = await serve(() => undefined);
    const [server] = servers.splice(0);
    await new Promise((resolve) => server!.close(resolve));
    const error = await failure(call(`http://127.0.0.1:${port}/`));
    expect(error.code).toBe('CALL_FAILED');
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('a service that hangs up is CALL_FAILED', async () => {
    const port = await serve((request) => request.socket.destroy());
    expect((await failure(call(`http://127.0.0.1:${port}/`))).code).toBe('CALL_FAILED');
  });

  test.each([false, true])('silence ends at the timeout (after the answer has begun: %s)', async (begun) => {
    const silent = virtualRuntime();
    let asked: () => void;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const port = await serve((_request, response) => {
      if (begun) response.writeHead(200).write('begun');
      asked();
    });
    const failed = failure(callJson(silent, { url: `http://127.0.0.1:${port}/`, timeoutMs: 60_000 }));
    await reached;
    await silent.clock.advance(60_000);
    const error = await failed;
    expect(error.code).toBe('CALL_TIMEOUT');
    expect(error.message).toContain('after 60000 ms');
  });

  test('an aborted signal ends the call with its reason, before it and during it', async () => {
    const reason = new TidemarkError('PROJECTION_TIMEOUT', 'p');
    expect(await failure(call('http://127.0.0.1:1/', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const abort = new AbortController();
    const port = await serve(() => {
      abort.abort(reason);
    });
    expect(await failure(call(`http://127.0.0.1:${port}/`, { signal: abort.signal }))).toBe(reason);
  });
});

describe('what a name leads to', () => {
  const inside = async (): Promise<number> => serve((_request, response) => response.writeHead(200).end('secret'));

  test.each([
    ['127.0.0.1', 'this machine'],
    ['10.1.2.3', 'a private network'],
    ['192.168.0.1', 'a private network'],
    ['169.254.169.254', "a cloud's metadata service"],
    ['100.64.0.1', 'a carrier-grade NAT or mesh network'],
    ['0.0.0.0', 'no address in particular'],
    ['::1', 'this machine'],
    ['::ffff:127.0.0.1', 'an IPv4 address inside an IPv6 one'],
    ['64:ff9b::7f00:1', 'an IPv4 address inside an IPv6 one'],
    ['fe80::1%eth0', 'a link-local network'],
    ['fd00::1', 'a private network'],
  ])('a name that resolves to %s is refused', async (address, words) => {
    const port = await inside();
    const error = await failure(call(`http://127.0.0.1.nip.io:${port}/`, { resolve: resolvesTo(address) }));
    expect(error.code).toBe('CALL_ADDRESS_REFUSED');
    expect(error.reaction).toBe('reject');
    expect(error.message).toContain(`"127.0.0.1.nip.io" resolves to ${address}, ${words}`);
    expect(error.message).not.toContain('secret');
  });

  test('one bad address among good ones refuses them all', async () => {
    const error = await failure(call('http://x.example/', { resolve: resolvesTo('93.184.216.34', '127.0.0.1') }));
    expect(error.code).toBe('CALL_ADDRESS_REFUSED');
  });

  test('the address that was checked is the one that is connected to: rebinding changes nothing', async () => {
    let asked = 0;
    const answers = ['127.0.0.1', '10.0.0.1'];
    const resolve: Resolve = () => resolvesTo(answers[asked++] ?? '10.0.0.1')('x');
    const port = await inside();
    await call(`http://rebind.example:${port}/`, { resolve, allow: ['127.0.0.1/32'] });
    expect(asked).toBe(1);
    // The next call resolves anew, checks anew, and holds no connection of the one before.
    const second = await failure(call(`http://rebind.example:${port}/`, { resolve, allow: ['127.0.0.1/32'] }));
    expect(second.code).toBe('CALL_ADDRESS_REFUSED');
    expect(asked).toBe(2);
  });

  test('a listed subnet is called, with the name in the Host header', async () => {
    let host: string | undefined;
    const port = await serve((request, response) => {
      host = request.headers.host;
      response.end();
    });
    await call(`http://api.internal:${port}/`, {
      resolve: resolvesTo('127.0.0.1'),
      allow: ['10.0.0.0/8', '127.0.0.0/8'],
    });
    expect(host).toBe(`api.internal:${port}`);
  });

  test('a translated address needs its prefix listed, and what is inside it public or listed', () => {
    const refused = (address: string, ...allow: readonly string[]): boolean =>
      problemOfResolved(
        'x.example',
        address,
        allow.map((one) => parseSubnet(one)!),
      ) !== null;
    expect(refused('64:ff9b::7f00:1', '64:ff9b::/96')).toBe(true);
    expect(refused('64:ff9b::7f00:1', '127.0.0.0/8')).toBe(true);
    expect(refused('64:ff9b::7f00:1', '64:ff9b::/96', '127.0.0.0/8')).toBe(false);
    expect(refused('64:ff9b::101:101', '64:ff9b::/96')).toBe(false);
    expect(refused('64:ff9b::101:101')).toBe(true);
  });

  test('localhost is what the operator says it is, as long as it is this machine', async () => {
    const port = await inside();
    expect(await call(`http://localhost:${port}/`, { resolve: resolvesTo('127.0.0.1') })).toEqual({ status: 200 });
    expect((await failure(call(`http://localhost:${port}/`, { resolve: resolvesTo('10.0.0.1') }))).code).toBe(
      'CALL_ADDRESS_REFUSED',
    );
    expect((await failure(call(`http://localhost.example:${port}/`, { resolve: resolvesTo('127.0.0.1') }))).code).toBe(
      'CALL_ADDRESS_REFUSED',
    );
  });

  test('a name without addresses, and one that cannot be resolved, are CALL_FAILED', async () => {
    expect((await failure(call('http://x.example/', { resolve: resolvesTo() }))).code).toBe('CALL_FAILED');
    const unknown: Resolve = () =>
      Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND x.example'), { code: 'ENOTFOUND' }));
    const error = await failure(call('http://x.example/', { resolve: unknown }));
    expect(error.code).toBe('CALL_FAILED');
    expect(error.message).toContain('ENOTFOUND');
  });

  test('a wrong subnet in `allow` is a mistake, not a hole', async () => {
    expect((await failure(call('http://x.example/', { allow: ['10.0.0.0/99'] }))).code).toBe('OPTION_INVALID');
  });
});

describe('the text of a URL', () => {
  test.each([
    ['http://127.0.0.1:3000/internal/refresh'],
    ['http://[::1]:3000/'],
    ['http://[0:0:0:0:0:0:0:1]/'],
    ['https://10.0.0.7/'],
    ['http://192.168.1.1/'],
    ['http://100.64.1.2/'],
    ['http://[fd00::7]/'],
    ['http://localhost:3000/'],
    ['HTTPS://Api.Example.COM/x?y=z'],
  ])('%s is what an operator may write', (url) => {
    expect(readTarget(url)).toMatchObject({ ok: true });
  });

  test.each([
    ['http://0x7f000001/', 'another way to write 127.0.0.1'],
    ['http://0x7f.1/', 'another way to write 127.0.0.1'],
    ['http://2130706433/', 'another way to write 127.0.0.1'],
    ['http://017700000001/', 'another way to write 127.0.0.1'],
    ['http://0177.0.0.1/', 'another way to write 127.0.0.1'],
    ['http://127.1:80/', 'another way to write 127.0.0.1'],
    ['http://127.0.0.1./', 'another way to write 127.0.0.1'],
    ['http://%31%32%37.0.0.1/', 'another way to write 127.0.0.1'],
    ['http://１２７.0.0.1/', 'another way to write 127.0.0.1'],
    ['http://①②⑦.⓪.⓪.①/', 'another way to write 127.0.0.1'],
    ['http://127。0。0。1/', 'another way to write 127.0.0.1'],
    ['http://0/', 'another way to write 0.0.0.0'],
    ['http://0.0.0.0/', '0.0.0.0 is no address in particular'],
    ['http://[::]/', ':: is no address in particular'],
    ['http://169.254.169.254/latest/meta-data', "a cloud's metadata service"],
    ['http://[fd00:ec2::254]/', "a cloud's metadata service"],
    ['http://[::ffff:127.0.0.1]/', 'an IPv4 address inside an IPv6 one'],
    ['http://[::ffff:7f00:1]/', 'an IPv4 address inside an IPv6 one'],
    ['http://[64:ff9b::7f00:1]/', 'an IPv4 address inside an IPv6 one'],
    ['http://[fe80::1%25eth0]/', 'not a URL'],
    ['http://224.0.0.1/', 'a multicast group'],
    ['http://255.255.255.255/', 'a reserved network'],
    ['http://user@example.com/', 'user name'],
    ['http://user:pass@127.0.0.1/', 'user name'],
    ['http://example.com@127.0.0.1/', 'user name'],
    ['http://127.0.0.1\\@example.com/', 'not a URL'],
    ['http:\\\\127.0.0.1/', 'does not begin with http'],
    ['http:/127.0.0.1/', 'does not begin with http'],
    ['http:127.0.0.1/', 'does not begin with http'],
    ['http:///127.0.0.1/', 'not a URL'],
    ['http://exa mple.com/', 'not a URL'],
    ['http://exam\tple.com/', 'not a URL'],
    ['http://', 'not a URL'],
    ['ftp://example.com/', 'does not begin with http'],
    ['file:///etc/passwd', 'does not begin with http'],
    ['gopher://127.0.0.1:6379/_x', 'does not begin with http'],
    ['data:text/plain,x', 'does not begin with http'],
    ['//example.com/', 'does not begin with http'],
    [' http://example.com/', 'does not begin with http'],
    ['', 'does not begin with http'],
  ])('%s is refused', async (url, problem) => {
    const error = await failure(call(url));
    expect(error.code).toBe('CALL_URL_INVALID');
    expect(error.message).toContain(problem);
  });

  test('an address that is listed may be written down', () => {
    expect(readTarget('http://169.254.1.1/', [{ version: 4, bits: 0xa9fe0000n, prefix: 16 }])).toMatchObject({
      ok: true,
    });
  });
});

describe('excerpts', () => {
  test('are one short line without anything a terminal or page would obey', () => {
    expect(excerpt('a\r\n\t b')).toBe('a b');
    expect(excerpt('\u0000\u001b]0;x\u0007 \u2028 \u200b \ud800 \u{e0001}')).toBe(
      '\\u{0}\\u{1b}]0;x\\u{7} \\u{200b} \\u{d800} \\u{e0001}',
    );
    expect(excerpt('é😀 ß 漢')).toBe('é😀 ß 漢');
    expect(excerpt('x'.repeat(1_000))).toHaveLength(201);
  });
});
