// The program as a process: how it starts, what it refuses, how it reloads, what goes to which stream.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run as runCommand } from '../support/children.ts';
import { builtCli } from '../support/built.ts';
import { endAll, startCli, startDaemon, type CliProcess, type Daemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';

const TIMEOUT = { timeout: 60_000 };

const CONFIG = `version: 1
journal: { type: memory }
namespaces: { product: { ttl: 10m } }
contracts: [contracts/*.yaml]
`;
const CONTRACT = `event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
`;

let cwd = '';

// Compiling counts for no test, however busy the machine is.
beforeAll(() => void builtCli(), 300_000);

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-run-'));
  mkdirSync(join(cwd, 'contracts'));
  write('tidemark.yaml', CONFIG);
  write('contracts/product.yaml', CONTRACT);
});

afterEach(async () => {
  await endAll();
  rmSync(cwd, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(cwd, name), text);
}

async function daemon(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Daemon> {
  const process = await startDaemon({ cwd, env }, args);
  return process;
}

async function cli(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const process = startCli(args, { cwd });
  const code = await process.ended;
  return { code, stdout: process.stdout, stderr: process.stderr };
}

const logs = ({ stderr }: CliProcess): { msg: string; level: number }[] =>
  stderr
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { msg: string; level: number });

describe('run', () => {
  test('says in one line where it is and what it has, and logs JSON on standard error alone', TIMEOUT, async () => {
    const process = startCli(['run', '--listen', '127.0.0.1:0'], { cwd });
    await expect.poll(() => process.stdout, { timeout: 20_000 }).toContain('\n');
    expect(process.stdout).toMatch(
      /^Tidemark \S+ on http:\/\/127\.0\.0\.1:\d+ {2}sources: app \(http\) {2}layers: local \(memory\)\n$/,
    );
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
    expect(process.stdout.split('\n')).toHaveLength(2);
    expect(logs(process).map(({ msg }) => msg)).toEqual([
      'draining; a second signal ends at once',
      'drained and closed',
    ]);
  });

  test('with a wrong configuration says all of its mistakes and exits with 78', TIMEOUT, async () => {
    write('tidemark.yaml', CONFIG.replace('ttl: 10m', 'tll: 10m').replace('memory', 'memroy'));
    write('contracts/product.yaml', CONTRACT.replace('delete_key', 'delte_key'));
    const { code, stdout, stderr } = await cli('run');
    expect(code).toBe(78);
    expect(stdout).toBe('');
    for (const word of ['"ttl"', '"memory"', '"delete_key"']) expect(stderr).toContain(word);
    expect(stderr).toMatch(/^tidemark\.yaml:2:\d+ {2}/m);
    expect(stderr).toMatch(/^tidemark\.yaml:3:\d+ {2}/m);
    expect(stderr).toMatch(/^contracts\/product\.yaml:4:\d+ {2}/m);
    expect(stderr).toContain('error: CONFIG_INVALID');
  });

  test('without a configuration says what to do and exits with 78', TIMEOUT, async () => {
    rmSync(join(cwd, 'tidemark.yaml'));
    expect(await cli('run')).toMatchObject({
      code: 78,
      stdout: '',
      stderr: expect.stringContaining('tidemark dev') as string,
    });
  });

  test('on a port that is taken says so and exits with 1', TIMEOUT, async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { code, stderr } = await cli('run', '--listen', `127.0.0.1:${String(port)}`);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`LISTEN_IN_USE  the address to listen on is taken: 127.0.0.1:${String(port)}`);
    expect(stderr).toContain('fix  ');
  });

  test('refuses to be reached by other machines without an admin token', TIMEOUT, async () => {
    const { code, stdout, stderr } = await cli('run', '--listen', '0.0.0.0:0');
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr).toContain('LISTEN_UNPROTECTED');
    expect(stderr).toContain('server.admin_token');
  });

  test('with an admin token may be, and never shows it', TIMEOUT, async () => {
    const token = 'canary-token-that-nobody-may-see-0123456789';
    write('tidemark.yaml', `${CONFIG}server: { listen: "0.0.0.0:0", admin_token: "\${TIDEMARK_ADMIN_TOKEN}" }\n`);
    const process = startCli(['run', '--json', '--log-level', 'debug'], { cwd, env: { TIDEMARK_ADMIN_TOKEN: token } });
    await expect.poll(() => process.stdout, { timeout: 20_000 }).toContain('\n');
    const { url } = JSON.parse(process.stdout) as { url: string };
    expect((await fetch(`${url}/v1/status`)).status).toBe(401);
    const status = startCli(['status', '--url', url], { cwd, env: { TIDEMARK_ADMIN_TOKEN: token } });
    expect(await status.ended).toBe(0);
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
    for (const text of [process.stdout, process.stderr, status.stdout, status.stderr])
      expect(text).not.toContain(token);
  });

  test('reads the contracts again on SIGHUP, and keeps the old ones when the new are wrong', TIMEOUT, async () => {
    const process = await daemon();
    const plan = async (): Promise<string[]> => {
      const body = JSON.stringify({ type: 'product.updated', data: { product_id: 42 } });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${process.url}/v1/plan`, { method: 'POST', headers, body });
      return ((await response.json()) as { plan: { actions: { target: string }[] } }).plan.actions.map(
        ({ target }) => target,
      );
    };
    expect(await plan()).toEqual(['product:42']);

    write('contracts/product.yaml', CONTRACT.replace('product:', 'p:'));
    process.kill('SIGHUP');
    await expect.poll(plan, { timeout: 10_000 }).toEqual(['p:42']);

    write('contracts/product.yaml', CONTRACT.replace('delete_key', 'delte_key'));
    process.kill('SIGHUP');
    await expect.poll(() => process.stderr, { timeout: 10_000 }).toContain('the old ones stay in force');
    expect(await plan()).toEqual(['p:42']);
    const said = process.stderr.split('\n').find((line) => line.startsWith('{"finding"')) ?? '';
    expect(JSON.parse(said)).toMatchObject({
      finding: { line: 4, fix: expect.stringContaining('delete_key') as string },
    });

    rmSync(join(cwd, 'tidemark.yaml'));
    process.kill('SIGHUP');
    await expect.poll(() => process.stderr.match(/stay in force/g)?.length, { timeout: 10_000 }).toBe(2);
    expect(await plan()).toEqual(['p:42']);
  });
});

describe('the commands together', () => {
  test('find the daemon of their folder, and tell what an event did', TIMEOUT, async () => {
    const port = await freePort();
    write('tidemark.yaml', `${CONFIG}server: { listen: "127.0.0.1:${String(port)}" }\n`);
    const process = startCli(['run', '--json'], { cwd });
    await expect.poll(() => process.stdout, { timeout: 20_000 }).toContain('\n');

    const emitted = await cli('emit', '--type', 'product.updated', '--data', '{"product_id": 42}', '--wait');
    expect(emitted).toMatchObject({ code: 0, stdout: 'durable at #1  (local applied)\n', stderr: '' });
    const lost = await cli('emit', '--type', 'product.updated', '--data', '{"product": 42}', '--wait');
    expect(lost.code).toBe(0);

    const explained = await cli('explain', 'product:42', '--json');
    expect(JSON.parse(explained.stdout)).toMatchObject({
      key: 'product:42',
      endedBy: [{ contract: 'product.updated', triggers: ['product.updated'] }],
    });
    expect(JSON.parse(explained.stdout)).toMatchObject({
      last: expect.arrayContaining([expect.objectContaining({ offset: 1 })]) as unknown,
    });

    const letters = await cli('dead-letters', 'list', '--json');
    const [letter] = JSON.parse(letters.stdout) as { id: number; code: string }[];
    expect(letter?.code).toBe('FIELD_MISSING');
    expect((await cli('dead-letters', 'discard', String(letter?.id))).code).toBe(0);
    expect((await cli('dead-letters', 'list')).stdout).toBe('There are no dead letters.\n');

    const replayed = await cli('replay', '--from', '1', '--to', '1', '--json');
    expect(JSON.parse(replayed.stdout)).toMatchObject({ matched: 1, replayed: 1, cancelled: false });
    const status = await cli('status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ ready: true, journal: { head: 3 } });
  });

  test('a reader that has seen enough of tail ends it without an error', TIMEOUT, async () => {
    const { url } = await daemon();
    const script = `"$0" "$1" tail --url ${url} --from 0 --events --json | head -n 1; exit "\${PIPESTATUS[0]}"`;
    let ended = false;
    const reading = runCommand('bash', ['-c', script, process.execPath, builtCli()], { cwd }).finally(() => {
      ended = true;
    });
    // That nobody reads any more shows in a write only, and how many lines are written before that is chance.
    for (let n = 0; !ended; n++) await cli0(url, n);
    const output = await reading;
    expect(output.split('\n')).toHaveLength(2);
  });

  /** Emits over HTTP: fifty processes would be the test's cost. */
  async function cli0(url: string, n: number): Promise<void> {
    await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        specversion: '1.0',
        id: String(n),
        source: 'x',
        type: 'product.updated',
        data: { product_id: n },
      }),
    });
  }
});

describe('dev', () => {
  test(
    'needs nothing: the shop and the dashboard answer, and everything is kept under .tidemark',
    TIMEOUT,
    async () => {
      rmSync(cwd, { recursive: true });
      mkdirSync(cwd);
      const process = startCli(['dev', '--json', '--listen', `127.0.0.1:${String(await freePort())}`], { cwd });
      await expect.poll(() => process.stdout, { timeout: 30_000 }).toContain('\n');
      const { url, shopUrl } = JSON.parse(process.stdout) as { url: string; shopUrl: string };
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect((await fetch(shopUrl)).status).toBe(200);
      process.child.kill('SIGINT');
      expect(await process.ended).toBe(0);
      expect(process.stderr).toBe('');
      expect(await runCommand('ls', ['-A', cwd])).toBe('.tidemark\n');
    },
  );

  test('in a folder with a configuration runs that', TIMEOUT, async () => {
    const process = startCli(['dev', '--json', '--listen', '127.0.0.1:0'], { cwd });
    await expect.poll(() => process.stdout, { timeout: 20_000 }).toContain('\n');
    const line = JSON.parse(process.stdout) as { url: string; shopUrl?: string };
    expect(line.shopUrl).toBeUndefined();
    const status = (await (await fetch(`${line.url}/v1/status`)).json()) as { namespaces: { name: string }[] };
    expect(status.namespaces.map(({ name }) => name)).toEqual(['product']);
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
  });
});
