// Goal: `tidemark dev` comes up wherever it is told to and whatever is taken already, and says where.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { builtCli } from '../support/built.ts';
import { endAll, startCli, type CliProcess } from '../support/daemon.ts';

let cwd: string;
const servers: Server[] = [];

// Compiling counts for no test, however busy the machine is.
beforeAll(() => void builtCli(), 300_000);

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-dev-'));
});

afterEach(async () => {
  await endAll();
  for (const server of servers.splice(0)) server.close();
  rmSync(cwd, { recursive: true });
});

/** Takes the port, unless somebody has it already, which is as good. */
async function taken(port: number): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.listen(port, '127.0.0.1');
  const listening = once(server, 'listening').then(() => (server.address() as AddressInfo).port);
  return Promise.race([listening, once(server, 'error').then(() => port)]);
}

async function said(dev: CliProcess, words: string): Promise<string> {
  await expect.poll(() => dev.stdout, { timeout: 60_000 }).toContain(words);
  return dev.stdout;
}

const SECONDS = { timeout: 120_000 };

test('dev on any port takes one for the shop as well, not the next to zero', SECONDS, async () => {
  const dev = startCli(['dev', '--json', '--listen', '127.0.0.1:0'], { cwd });
  const { url, shopUrl } = JSON.parse(await said(dev, '\n')) as { url: string; shopUrl: string };
  // Ports that a system gives out by itself are above the well-known ones.
  for (const one of [url, shopUrl]) {
    expect(Number(new URL(one).port)).toBeGreaterThan(1_024);
    expect((await fetch(one)).status).toBeLessThan(500);
  }
});

test('dev goes to another port when the usual one is taken, and says how other commands find it', SECONDS, async () => {
  await taken(4100);
  const dev = startCli(['dev'], { cwd });
  const text = await said(dev, 'Ctrl-C');
  const url = /dashboard\s+(http:\S+)/.exec(text)?.[1] ?? '';
  expect(new URL(url).port).not.toBe('4100');
  expect(text).toContain(`TIDEMARK_URL=${url}`);
});

test(
  'dev does not choose another port than the one that was asked for: it says that it is taken',
  SECONDS,
  async () => {
    const port = await taken(0);
    const dev = startCli(['dev', '--listen', `127.0.0.1:${String(port)}`], { cwd });
    expect(await dev.ended).not.toBe(0);
    expect(dev.stderr).toContain('LISTEN_IN_USE');
    expect(dev.stderr).toContain(String(port));
    expect(dev.stdout).toBe('');
  },
);
