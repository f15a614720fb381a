/**
 * The demo as `npm start` runs it, driven in a real Chromium: the shop with its own database, its Tidemark on embedded
 * defaults, the daemon's API and the dashboard.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { startDemo, type Demo } from '../../src/demo/demo.ts';
import { createServer } from '../../src/http/server.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { inChromium, lowContrast, startPages, type Opened, type Pages } from '../support/browser.ts';

// A page, two streams and a person's pace: seconds each, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

inChromium('the demo', () => {
  let pages: Pages;
  let demo: Demo;
  const ends: (() => Promise<void>)[] = [];
  const opened: Opened[] = [];

  beforeAll(async () => {
    pages = await startPages();
    ends.push(() => pages.close());
    const directory = await mkdtemp(join(tmpdir(), 'tidemark-demo-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const runtime = realRuntime();
    demo = await startDemo({
      directory,
      port: 0,
      pages: pages.directory,
      serve: async (tide) => {
        const server = await createServer(tide, { runtime, host: '127.0.0.1', port: 0, dashboardDir: pages.directory });
        return { url: (await server.listen()).url, close: () => server.close() };
      },
      runtime,
    });
    ends.push(() => demo.close());
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  afterEach(async () => {
    for (const { page } of opened.splice(0)) await page.context().close();
  });

  async function open(url: string, options?: Parameters<Pages['open']>[1]): Promise<Opened> {
    const one = await pages.open(url, options);
    opened.push(one);
    return one;
  }

  const product = (page: Page, id: number): Locator => page.locator(`[data-product="${String(id)}"]`);
  const newest = (page: Page): Locator => page.locator('.stories > li').first();
  const steps = (story: Locator): Promise<(string | null)[]> =>
    story
      .locator('.step')
      .evaluateAll((all) => all.map((one) => (one as { dataset?: { step?: string } }).dataset?.step ?? null));

  it('shows the way of a changed price from its commit to the next fresh read', async () => {
    const { page, complaints } = await open(demo.url);
    await product(page, 5).getByText('hit in local').waitFor();
    await page.getByLabel('Price of Reading lamp', { exact: true }).fill('79.50');
    await page.getByLabel('Price of Reading lamp', { exact: true }).press('Enter');
    await newest(page).getByText('€ 89.00 → € 79.50').first().waitFor();
    await newest(page).locator('[data-step="next read"]').waitFor();
    await newest(page).locator('[data-step="projection refreshed"]').waitFor();
    const told = (await steps(newest(page))).filter((step) => step !== 'read in between');
    expect(told.slice(0, 4)).toEqual(['write committed', 'event received', 'planned', 'evicted']);
    expect(await newest(page).locator('[data-step="next read"]').textContent()).toMatch(
      /^\+[\d.,]+ ms.*€ 79\.50, loaded from the source/,
    );
    expect(await newest(page).locator('[data-step="planned"]').textContent()).toContain(
      'delete_key: product:5, purge_tag: product-5, refresh_projection: category-membership',
    );
    await product(page, 5).getByText('€ 79.50').first().waitFor();
    await product(page, 5).getByText('hit in local').waitFor();
    expect(await product(page, 5).textContent()).toMatch(/fresh as of \d\d:\d\d:\d\d\.\d{3}, at most [\d.]+ m?s old/);
    expect(complaints).toEqual([]);
  });

  it('recomputes the projection when a product moves to another category', async () => {
    const { page } = await open(demo.url);
    const counts = page.getByRole('region', { name: 'Projection category-membership' });
    await counts.getByText('Desk').waitFor();
    expect(await counts.locator('li').allTextContents()).toEqual(['Desk 2', 'Kitchen 3', 'Outdoors 2']);
    await page.getByLabel('Category of Bread knife').selectOption('Outdoors');
    await expect.poll(() => counts.locator('li').allTextContents()).toEqual(['Desk 2', 'Kitchen 2', 'Outdoors 3']);
  });

  it('lets a slow reader race a write: its late fill is refused, the next read is fresh, a plain Map is wrong', async () => {
    const { page, complaints } = await open(demo.url);
    await product(page, 1).getByText('hit in local').waitFor();
    await page.getByRole('button', { name: 'Race a slow reader against the write' }).click();
    await page.locator('.outcome').waitFor();
    const told = await steps(newest(page));
    for (const [earlier, later] of [
      ['load began', 'write committed'],
      ['write committed', 'evicted'],
      ['evicted', 'fill refused'],
      ['fill refused', 'next read'],
    ] as const) {
      expect(told.indexOf(earlier), `${earlier} in ${told.join(', ')}`).toBeGreaterThanOrEqual(0);
      expect(told.indexOf(later)).toBeGreaterThan(told.indexOf(earlier));
    }
    expect(await newest(page).locator('[data-step="next read"]').textContent()).toContain('€ 15.00');
    const [right, wrong] = await page.locator('.outcome > div').allTextContents();
    expect(right).toMatch(/^Tidemark€ 15\.00.*true.*the late fill was refused/);
    expect(wrong).toMatch(/^A plain Map with a TTL€ 14\.00.*wrong: it is € 15\.00/);
    await product(page, 1).getByText('a plain Map: € 14.00, wrong').waitFor();
    expect(await product(page, 1).locator('.read').textContent()).toContain('€ 15.00');
    expect(demo.tide.status().namespaces[0]?.refusedFills).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('withdraws trust when the feed is cut, reads past the cache, and catches up without a gap when it is back', async () => {
    const { page } = await open(demo.url);
    await product(page, 6).getByText('hit in local').waitFor();
    await page.getByRole('button', { name: 'Cut the feed' }).click();
    await page.getByText('Trust withdrawn:').waitFor();
    await page.getByLabel('Price of Wool blanket', { exact: true }).fill('60');
    await page.getByLabel('Price of Wool blanket', { exact: true }).press('Enter');
    await product(page, 6).locator('.read', { hasText: '€ 60.00' }).waitFor();
    await product(page, 6).locator('.miss').waitFor();
    await product(page, 6).getByText('a plain Map: € 76.00, wrong').waitFor();
    expect(demo.tide.status().sources.find(({ name }) => name === 'shop')?.state).toBe('waiting');

    await page.getByRole('button', { name: 'Restore the feed' }).click();
    await newest(page).locator('[data-step="evicted"]').waitFor();
    await page.getByText('proven fresh', { exact: false }).first().waitFor();
    await product(page, 6).locator('.hit').waitFor();
    expect(await product(page, 6).locator('.read').textContent()).toContain('€ 60.00');
    expect(demo.tide.status().sources.find(({ name }) => name === 'shop')).toMatchObject({
      state: 'streaming',
      gaps: 0,
    });
  });

  it('shows a change on the dashboard as it happens, with the time each layer took', async () => {
    const { page, complaints } = await open(demo.dashboardUrl);
    await page.getByText('Hits are proven no older than 2 s.').waitFor();
    const shop = await open(demo.url);
    await shop.page.getByLabel('Price of Brass pen', { exact: true }).fill('41');
    await shop.page.getByRole('button', { name: 'Save the price of Brass pen' }).click();
    await newest(shop.page).locator('[data-step="next read"]').waitFor();

    const row = page.locator('.row.event', { hasText: '"product_id":4' });
    await row.getByText(/^\+[\d.]+ m?s$/).waitFor();
    expect(await row.locator('.chips li').allTextContents()).toEqual([
      'delete_key product:4',
      'purge_tag product-4',
      'refresh_projection category-membership',
    ]);
    await page.locator('.row.note', { hasText: 'Projection refreshed' }).first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows what anyone may send as text', async () => {
    const { page, complaints } = await open(demo.dashboardUrl);
    const evil = `<script>alert(1)</script>\u202e\u0007<img src=x onerror=alert(2)>`;
    const sent = await fetch(new URL('/v1/events', demo.dashboardUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        specversion: '1.0',
        id: 'evil-1',
        source: '/evil',
        type: 'product.updated',
        data: { product_id: evil, name: evil },
      }),
    });
    expect(sent.status).toBe(202);
    const row = page.locator('.row.event', { hasText: 'alert(1)' });
    await row.waitFor();
    await row.locator('.summary').click();
    const text = (await row.textContent()) ?? '';
    expect(text).toContain('\\u202e\\u0007');
    expect(['\u202e', '\u0007'].filter((char) => text.includes(char))).toEqual([]);
    expect(await page.locator('img, body script:not([src])').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)('fits %s pixels, %s, and keeps every text readable', async (width, colorScheme) => {
    const { page } = await open(demo.url, { viewport: { width, height: 844 }, colorScheme });
    await page.locator('.hit').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await lowContrast(page)).toEqual([]);
  });

  it('answers to no other name than localhost, and to no page of another site', async () => {
    const { port, host } = new URL(demo.url);
    const ask = (
      options: { method?: string; path?: string; headers?: Record<string, string> },
      body = '',
    ): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, ...options }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on('error', reject).end(body);
      });
    const json = { 'content-type': 'application/json' };
    const post = { method: 'POST', path: '/api/products/2' };
    const change = '{"priceCents":1}';
    expect(await ask({ path: '/api/shop', headers: { host: 'evil.example' } })).toBe(403);
    expect(await ask({ ...post, headers: { ...json, 'sec-fetch-site': 'cross-site' } }, change)).toBe(403);
    expect(await ask({ ...post, headers: { ...json, origin: 'http://evil.example' } }, change)).toBe(403);
    expect(await ask({ ...post, headers: { 'content-type': 'text/plain' } }, change)).toBe(403);
    expect(await ask({ path: '/../package.json' })).toBe(404);
    expect(await ask({ path: '/api/products/1e99' })).toBe(404);
    expect(await ask({ ...post, headers: json }, '{"priceCents":-1}')).toBe(400);
    expect(await ask({ ...post, headers: json }, `{"x":"${'x'.repeat(10_000)}"}`)).toBe(400);
    expect(await ask({ ...post, headers: json }, '{"category":"__proto__"}')).toBe(400);
    expect(await ask({ ...post, headers: { ...json, origin: `http://${host}` } }, '{"priceCents":5900}')).toBe(200);
  });
});
