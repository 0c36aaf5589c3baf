/** A headless Chromium of a test, and pages that record all that a browser says about them. */
import chromium from '@sparticuz/chromium';
import { type Browser, launch, type Page } from 'puppeteer-core';

export const openBrowser = async (): Promise<Browser> =>
  launch({
    executablePath: await chromium.executablePath(),
    // A test may run as root in a container, where Chromium has no sandbox of its own.
    args: [...chromium.args, '--no-sandbox'],
    headless: 'shell',
  });

export type Opened = {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught exceptions, failed loads. A breach of the policy is among them. */
  readonly complaints: readonly string[];
  /** All but the page itself. */
  readonly requests: readonly string[];
};

export type Viewing = {
  readonly width: number;
  readonly scheme?: 'light' | 'dark';
  readonly script?: 'on' | 'off';
};

/** Opens a local file; `window.breaches` counts breaches of the page's policy. */
export const openPage = async (browser: Browser, file: string, viewing: Viewing): Promise<Opened> => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'log') complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url().slice(0, 100)}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch((error: unknown) => complaints.push(String(error)));
  });
  const url = `file://${encodeURI(file)}`;
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) requests.push(request.url());
  });
  await page.setJavaScriptEnabled(viewing.script !== 'off');
  await page.setViewport({ width: viewing.width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: viewing.scheme ?? 'light' }]);
  await page.evaluateOnNewDocument(
    "window.breaches = []; document.addEventListener('securitypolicyviolation', (event) => window.breaches.push(event.violatedDirective + ' ' + event.sourceFile + ' ' + event.sample))",
  );
  await page.goto(url, { waitUntil: 'load' });
  return { page, complaints, requests };
};

/** For each canvas of the page: the chart it is in, and how many colours a sample of its pixels has. */
export const readCanvases = async (page: Page): Promise<readonly { id: string; colours: number }[]> =>
  (await page.evaluate(`[...document.querySelectorAll('canvas')].map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] > 200) colours.add(data[at] + ',' + data[at + 1] + ',' + data[at + 2]);
    }
    return { id: canvas.closest('.chart').id, colours: colours.size };
  })`)) as { id: string; colours: number }[];
