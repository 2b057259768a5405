import assert from 'node:assert/strict'
import { after } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { startBed, type UpBed } from '../../hydrosphere/bed/up-bed.ts'
import type { UpOptions } from '../../hydrosphere/bed/up-process.ts'
import { findChromium } from './find-chromium.ts'

/** Why tests with a browser are left out; false when they run. */
export const skipBrowser: string | false =
  findChromium() === undefined
    ? 'there is no chromium on the PATH, and MILLRACE_TEST_CHROMIUM names none; Debian has it as apt-get install chromium'
    : false

/** A `millrace up` with its pages, and a browser that looks at them. */
export interface UiBed extends UpBed {
  /** Opens a page of the interface, by path or by its whole address, in a window of its own. Its complaints are gathered. */
  readonly open: (path: string, options?: BrowserContextOptions) => Promise<Page>
  /** What browsers have written to their consoles as errors, refused by policy, or could not load. */
  readonly complaints: readonly string[]
}

/** How long a page may take to show something, generous on a busy machine. */
const PATIENCE_MS = 20_000

/** Starts both, and ends them behind the tests of the file. */
export async function startUiBed(options?: UpOptions): Promise<UiBed> {
  const bed = await startBed(options)
  const closing: (() => Promise<void>)[] = [() => bed.close()]
  after(async () => {
    for (const close of closing.toReversed()) await close()
  })
  assert.doesNotMatch(bed.up.printed(), /not built/, 'build the pages first: npm run build:ui')
  const browser = await launch()
  closing.push(() => browser.close())
  const complaints: string[] = []
  return {
    ...bed,
    complaints,
    async open(path, context = {}) {
      const window = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context })
      const page = await window.newPage()
      page.setDefaultTimeout(PATIENCE_MS)
      page.on('console', message => {
        if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`)
      })
      page.on('pageerror', error => complaints.push(`${page.url()}: ${error.message}`))
      await page.goto(new URL(path, bed.up.url).href)
      await page.getByRole('heading', { level: 1 }).waitFor()
      return page
    },
  }
}

async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium()!,
    // Containers give no user namespaces to root, on which the sandbox stands; the pages are our own.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
}
