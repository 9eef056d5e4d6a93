import type { BrowserContext, Page } from 'playwright-core'
import { AccountPage, LogInPage } from '../pages/portal.js'
import { launch } from '../runner/chromium.js'

/** Order says whom to log in, what to open, and how often: JSON in the first argument. */
type Order = { url: string; email: string; password: string; account: number; /** number of the first extension */ first: string; loads: number }

declare global {
  interface Window {
    /** When the first extension was on the screen, and when somebody last clicked (ms of this document). */
    rows?: number
    clicked?: number
  }
}

const order = JSON.parse(process.argv[2]!) as Order
const list = `/accounts/${order.account}/extensions`
const browser = await launch()

/** watch notes when the row of the first extension has been painted. */
function watch(first: string) {
  document.addEventListener('click', (e) => (window.clicked = e.timeStamp), true)
  const look = new MutationObserver(() => {
    if (![...document.querySelectorAll('tbody td:first-child')].some((c) => c.textContent === first)) return
    look.disconnect()
    requestAnimationFrame(() => setTimeout(() => (window.rows = performance.now())))
  })
  look.observe(document, { childList: true, subtree: true, characterData: true })
}

async function context(from?: BrowserContext): Promise<BrowserContext> {
  const c = await browser.newContext({ baseURL: order.url, locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...(from && { storageState: await from.storageState() }) })
  c.setDefaultTimeout(30_000)
  await c.addInitScript(watch, order.first)
  return c
}

/** rows waits for the list; the time is from the beginning of the navigation, or from the click. */
async function rows(page: Page): Promise<number> {
  await page.waitForFunction(() => window.rows !== undefined)
  return page.evaluate(() => window.rows! - (window.clicked ?? 0))
}

const front = await context()
const door = await front.newPage()
await door.goto('/')
await new LogInPage(door).fill(order.email, order.password)
await new AccountPage(door).at(order.account)

const times = { cold: [] as number[], warm: [] as number[], click: [] as number[] }
for (let i = 0; i < order.loads; i++) {
  const fresh = await context(front) // with the session and nothing in its cache
  const page = await fresh.newPage()
  await page.goto(list)
  times.cold.push(await rows(page))
  await page.goto(list)
  times.warm.push(await rows(page))
  await new AccountPage(page).open(order.account)
  await page.evaluate(() => new Promise<void>((r) => requestIdleCallback(() => r(), { timeout: 2_000 })))
  await new AccountPage(page).section('Extensions')
  times.click.push(await rows(page))
  await fresh.close()
}
await browser.close()
console.log(JSON.stringify(times))
