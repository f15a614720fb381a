/**
 * The dashboard in a real Chromium, over the real HTTP server. The service behind it is a stand-in that can be put
 * into any state at once; `browser-demo.test.ts` has the whole system.
 */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HttpOptions } from '../../src/http/options.ts';
import { createServer } from '../../src/http/server.ts';
import type { Status } from '../../src/model/status.ts';
import type { Offset } from '../../src/model/position.ts';
import type { TrustReason } from '../../src/model/reason.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { inChromium, lowContrast, startPages, type Opened, type Pages } from '../support/browser.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { closeAll, serve } from '../support/http-server.ts';

// A page, two streams and a person's pace: seconds each, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

class Staged extends FakeOperations {
  staged: Partial<Status> = {};

  override status(): Status {
    return { ...super.status(), now: Date.now(), startedAt: 1, ...this.staged };
  }

  apply(layer: string, offset: number): void {
    for (const listener of this.listeners) {
      listener({
        type: 'layer:applied',
        at: 13,
        fields: { layer, from: offset, offset, watermark: offset, delayMs: 12 },
      });
    }
  }
}

const layer = (watermark: number, behind: number): Status['layers'][number] => ({
  name: 'local',
  type: 'memory',
  ok: true,
  watermark: watermark as Offset,
  behind,
  retrying: false,
});

const source: Status['sources'][number] = {
  name: 'shop-db',
  type: 'postgres',
  state: 'streaming',
  events: 1_204,
  lagBytes: 1_840,
  canProve: true,
  proofAgeMs: 140,
  restarts: 0,
  gaps: 0,
  warnings: ['the replica identity has not all columns'],
};

const namespace: Status['namespaces'][number] = {
  name: 'product',
  ttlMs: 600_000,
  maxStalenessMs: 2_000,
  whenUncertain: 'bypass',
  trust: 'uncertain',
  reason: 'the last proof is 4 s old',
  why: { kind: 'unproven', boundMs: 2_000, since: null, known: null, heldBy: { kind: 'no-source' } },
  hits: 97,
  misses: 3,
  refusedFills: 2,
};

const NOWHERE: TrustReason = { kind: 'absent', how: 'unknown', end: null };

inChromium('the dashboard', () => {
  let pages: Pages;
  const opened: Opened[] = [];

  beforeAll(async () => {
    pages = await startPages();
  });
  afterAll(() => pages.close());
  afterEach(async () => {
    for (const { page } of opened.splice(0)) await page.context().close();
    await closeAll();
  });

  async function open(
    operations: FakeOperations,
    options: Partial<HttpOptions> = {},
  ): Promise<Opened & { url: string }> {
    const { url } = await serve({ dashboardDir: pages.directory, ...options }, operations);
    const one = await pages.open(url);
    opened.push(one);
    return { ...one, url };
  }

  const rows = (page: Page): Promise<string[]> => page.locator('.row .type').allTextContents();

  it('shows an event live: what it is, what was planned, and when each layer had it', async () => {
    const operations = new Staged();
    operations.staged = { layers: [layer(0, 0)] };
    const { page, complaints } = await open(operations);
    await page.getByText('No event yet').waitFor();
    // The streams open after the first status; what is appended from then on must come by itself.
    operations.append('product.updated', { product_id: 42 });
    const row = page.locator('.row.event').first();
    await row.getByText('product.updated').waitFor();
    await expect.poll(() => operations.listeners.size).toBe(1);
    operations.apply('local', 1);
    await row.getByText('+12 ms').waitFor();
    expect(await row.textContent()).toContain('{"product_id":42}');
    expect(complaints).toEqual([]);
  });

  it('says the state of sources, layers, trust and dead letters in words', async () => {
    const operations = new Staged();
    operations.putLetter(7);
    operations.staged = { sources: [source], layers: [layer(1_200, 34)], namespaces: [namespace] };
    const { page } = await open(operations);
    const panel = async (name: string): Promise<string> =>
      (await page.getByRole('region', { name }).textContent()) ?? '';
    await page.getByText('LAYER_DOWN').waitFor();
    expect(await panel('Sources')).toMatch(
      /shop-db.*streaming.*1,204 events.*lag 1\.8 kB · proven 140 ms ago.*replica identity/s,
    );
    expect(await panel('Layers')).toMatch(/local.*34 behind.*watermark #1,200/s);
    expect(await panel('Trust')).toMatch(
      /uncertain.*Not provable within 2 s: reads go past the cache to the source.*4 s old/s,
    );
    expect(await panel('Dead letters')).toMatch(/LAYER_DOWN.*layer:local.*refused/s);
  });

  it('shows hostile content as text: tags run nothing, control and direction characters are made visible', async () => {
    const operations = new Staged();
    const evil = `</code><script>alert(1)</script><img src=x onerror="alert(2)"> \u202e\u0000\u001b[2J`;
    operations.staged = {
      sources: [{ ...source, name: evil, detail: evil, warnings: [evil] }],
      namespaces: [{ ...namespace, name: evil, reason: evil }],
      layers: [{ ...layer(0, 1), name: evil, detail: evil }],
      reasons: [evil],
      projections: [{ name: evil, running: false, pending: false, refreshes: 0, failures: 1, lastError: evil }],
      deadLetters: 1,
    };
    operations.putLetter(1);
    const letter = operations.letters.get(1)!;
    operations.letters.set(1, { ...letter, code: evil, message: evil, stage: evil });
    operations.append(evil, { [evil]: evil }, evil);
    operations.explain = (key) =>
      Promise.resolve({
        key,
        endedBy: [{ contract: evil, triggers: [evil], action: evil }],
        last: [{ offset: 1 as Offset, type: evil, source: evil, receivedAt: 1, via: evil }],
        searched: 1,
        held: [
          {
            layer: evil,
            namespace: evil,
            tags: [evil],
            stamp: 1 as Offset,
            ageMs: 1,
            verdict: evil,
            reason: evil,
            why: NOWHERE,
          },
        ],
        absent: [{ layer: evil, namespace: evil, reason: evil, why: NOWHERE }],
      });
    const { page, complaints } = await open(operations);
    await page.locator('.row.event .summary').click();
    operations.emit('fill:refused', { key: evil, namespace: evil, reason: evil });
    await page.getByLabel('Key', { exact: true }).fill('product:42');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('Held').waitFor();
    await page.locator('.row.note').filter({ hasText: '<script>' }).waitFor();

    const text = (await page.locator('body').textContent()) ?? '';
    expect(text.split('<script>alert(1)</script>').length).toBeGreaterThan(15);
    expect(text).toContain('\\u202e\\u0000\\u001b[2J');
    expect(['\u0000', '\u001b', '\u202e'].filter((char) => text.includes(char))).toEqual([]);
    expect(await page.locator('body script:not([src]), img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says when the daemon is gone and since when, comes back by itself, and has missed nothing', async () => {
    const operations = new Staged();
    operations.append('before');
    const first = await createServer(operations, {
      runtime: realRuntime(),
      host: '127.0.0.1',
      port: 0,
      dashboardDir: pages.directory,
    });
    const { url } = await first.listen();
    const one = await pages.open(url);
    opened.push(one);
    const { page } = one;
    await page.getByText('before', { exact: true }).waitFor();
    await first.close();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/^The daemon does not answer since \d\d:\d\d:\d\d /);
    expect(await page.locator('main').getAttribute('class')).toBe('old');

    operations.append('while-it-was-gone');
    await serve({ port: Number(new URL(url).port), dashboardDir: pages.directory }, operations);
    await page.getByText('while-it-was-gone', { exact: true }).waitFor();
    await alert.waitFor({ state: 'detached' });
    expect(await rows(page)).toEqual(['while-it-was-gone', 'before']);
    expect(await page.getByText('daemon is back').count()).toBe(1);
  });

  it('stands still while paused, counts what comes, and then shows it', async () => {
    const operations = new Staged();
    const { page } = await open(operations);
    operations.append('one');
    await page.getByText('one', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    operations.append('two');
    await page.getByRole('button', { name: 'Resume (1 new)' }).waitFor();
    expect(await rows(page)).toEqual(['one']);
    await page.getByRole('button', { name: 'Resume (1 new)' }).press('Enter');
    // A key press is answered before the page is painted again.
    await expect.poll(() => rows(page)).toEqual(['two', 'one']);
    await page.getByLabel('Filter the live flow').fill('TWO');
    await expect.poll(() => rows(page)).toEqual(['two']);
  });

  it('stays at the head of a burst, with a bounded list', async () => {
    const operations = new Staged();
    operations.staged = { layers: [layer(0, 0)] };
    const { page, complaints } = await open(operations);
    operations.append('first');
    await page.getByText('first', { exact: true }).waitFor();
    for (let i = 0; i < 20_000; i++) operations.append('burst', { i });
    operations.append('last');
    await page.getByText('last', { exact: true }).waitFor();
    expect(await page.locator('.row').count()).toBeLessThanOrEqual(200);
    expect(complaints).toEqual([]);
  });

  it('asks for the admin token, does not go on guessing with a wrong one, and keeps the right one in the tab alone', async () => {
    const operations = new Staged();
    operations.append('behind-the-token');
    const { page, url } = await open(operations, { adminToken: 'a-right-and-long-admin-token' });
    await page.clock.install();
    await page.reload();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/status')) asked++;
    });
    await page.getByLabel('Admin token').fill('a-wrong-one');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('The daemon refused this token.').waitFor();
    const before = asked;
    await page.clock.runFor(60_000);
    expect(asked).toBe(before);
    await page.getByLabel('Admin token').fill('a-right-and-long-admin-token');
    await page.keyboard.press('Enter');
    await page.getByText('behind-the-token', { exact: true }).waitFor();
    expect(await page.content()).not.toContain('a-right-and-long-admin-token');
    expect(page.url()).toBe(url.endsWith('/') ? url : `${url}/`);
    expect(await page.evaluate('localStorage.length')).toBe(0);
    await page.reload();
    await page.getByText('behind-the-token', { exact: true }).waitFor();
  });

  it('says in a sentence why a key may be served, and why it is not held elsewhere', async () => {
    const operations = new Staged();
    const copy = { layer: 'local', namespace: 'product', tags: [], stamp: 1 as Offset, ageMs: 180, verdict: 'serve' };
    const why: TrustReason = { kind: 'absent', how: 'evicted', end: null };
    operations.explain = (key) =>
      Promise.resolve({
        key,
        endedBy: [],
        last: [],
        searched: 1,
        held: [{ ...copy, reason: 'fresh as of 180 ms ago, proven by an echo through shop-db at #118', why }],
        absent: [{ layer: 'local', namespace: 'stock', reason: 'not resident: evicted to make room', why }],
      });
    const { page } = await open(operations);
    await page.getByLabel('Key', { exact: true }).fill('product:42');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('proven by an echo through shop-db at #118').waitFor();
    const answer = (await page.locator('.answer').textContent()) ?? '';
    expect(answer).toContain('serve in local, namespace product, 180 ms old: fresh as of 180 ms ago');
    expect(answer).toContain('local / stock not resident: evicted to make room');
  });

  it('explains a key, plans an event without sending it, and ends a trust on demand', async () => {
    const operations = new Staged();
    const { page } = await open(operations);
    await page.getByLabel('Key', { exact: true }).fill('product:42');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('No contract can produce this key').waitFor();

    await page.getByLabel('Event type').fill('product.updated');
    await page.getByLabel('Event data, JSON').fill('{"product_id":');
    await page.getByRole('button', { name: 'Plan', exact: true }).click();
    await page.getByText('The data is not JSON').waitFor();
    await page.getByLabel('Event data, JSON').fill('{"product_id":42}');
    await page.getByRole('button', { name: 'Plan', exact: true }).click();
    await page.getByText('No contract has a trigger for this type.').waitFor();
    expect(operations.journal).toHaveLength(0);

    await page.getByRole('button', { name: 'End its trust now' }).click();
    await page.getByText('accepted local: applied').waitFor();
    expect(operations.journal.map(({ event }) => event.data)).toEqual([{ keys: ['product:42'], reason: 'dashboard' }]);
  });

  it('retries a dead letter, says why one stays, and discards another only when told twice', async () => {
    const operations = new Staged();
    for (const id of [1, 2, 3]) operations.putLetter(id);
    const { page, complaints } = await open(operations);
    const panel = page.getByRole('region', { name: 'Dead letters' });
    const shown = (): Promise<string[]> => panel.locator('.facts code').allTextContents();
    const show = (id: number): string => `tidemark dead-letters show ${String(id)}`;
    await expect.poll(shown).toEqual([3, 2, 1].map(show));

    await panel.getByRole('button', { name: 'Retry dead letter 2' }).click();
    await expect.poll(shown).toEqual([3, 1].map(show));
    await expect.poll(() => panel.getByRole('status').textContent()).toBe('Dead letter 2: done.');

    await panel.getByRole('button', { name: 'Retry dead letter 1' }).click();
    await panel.getByRole('alert').waitFor();
    expect(await panel.getByRole('alert').textContent()).toContain('the layer still refuses');
    expect([...operations.letters.keys()]).toEqual([1, 3]);

    await panel.getByRole('button', { name: 'Discard dead letter 3', exact: true }).press('Enter');
    await panel.getByRole('button', { name: 'Really discard dead letter 3' }).waitFor();
    expect(operations.letters.has(3)).toBe(true);
    await panel.getByRole('button', { name: 'Really discard dead letter 3' }).press('Enter');
    await expect.poll(shown).toEqual([show(1)]);
    expect([...operations.letters.keys()]).toEqual([1]);
    // The browser itself reports the refusal of the first letter, and nothing else.
    expect(complaints.filter((text) => !text.includes('409'))).toEqual([]);
  });

  describe.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('at %s pixels, %s', (width, colorScheme) => {
    it('fits its width and keeps every text readable', async () => {
      const operations = new Staged();
      operations.staged = { sources: [source], layers: [layer(3, 34)], namespaces: [namespace] };
      operations.append('product.updated', { name: 'x'.repeat(500) }, 'id-'.repeat(60));
      const { url } = await serve({ dashboardDir: pages.directory }, operations);
      const one = await pages.open(url, { viewport: { width, height: 844 }, colorScheme });
      opened.push(one);
      await one.page.locator('.row.event .summary').click();
      expect(await one.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await lowContrast(one.page)).toEqual([]);
    });
  });
});
