import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { findChromium, launchChromium } from './chromium.ts';
import { needs, type Suite } from './needs.ts';

/** A suite that drives a real Chromium. */
export const inChromium: Suite = await needs('Chromium', async () =>
  (await findChromium()) === null ? 'no Chromium or Chrome was found, and none could be installed' : null,
);

export interface Pages {
  /** The pages as they are in this tree, built into a directory of their own. */
  readonly directory: string;
  /** Opens a page. Whatever it complains about, or asks of anybody but its own server, is in `complaints`. */
  open(url: string, options?: BrowserContextOptions): Promise<Opened>;
  close(): Promise<void>;
}

export interface Opened {
  readonly page: Page;
  readonly complaints: string[];
}

/** Builds the pages and starts the browser; for `beforeAll`. */
export async function startPages(): Promise<Pages> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-pages-'));
  await build({
    configFile: fileURLToPath(new URL('../../dashboard/vite.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { outDir: directory },
  });
  const executable = await findChromium();
  if (executable === null) throw new Error('there is no Chromium');
  const browser = await launchChromium(executable);
  return {
    directory,
    open: (url, options) => open(browser, url, options),
    close: async () => {
      await browser.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  // Longer than anything here takes on a busy machine, shorter than the test's own time.
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** Texts of a page that are hard to read on their background. */
export async function lowContrast(page: Page): Promise<unknown> {
  return page.evaluate(await readFile(new URL('./low-contrast.js', import.meta.url), 'utf8'));
}
