import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'

// What a page shows comes a moment later than it is asked for, so everything here waits.

const patience = 15_000

/** shows waits until something can be seen. */
export async function shows(what: Locator) {
  await what.first().waitFor({ state: 'visible', timeout: patience })
}

/** gone waits until something can't be seen any more. */
export async function gone(what: Locator) {
  await what.first().waitFor({ state: 'hidden', timeout: patience })
}

/** until waits for a fact that no locator can tell. */
export async function until(what: string, ok: () => Promise<boolean>) {
  const end = Date.now() + patience
  for (;;) {
    if (await ok()) return
    if (Date.now() > end) throw new Error(`it did not come about that ${what}`)
    await new Promise((r) => setTimeout(r, 50))
  }
}

/** at waits until the page's path is this one. */
export async function at(page: Page, path: string | RegExp) {
  await page.waitForURL((u) => (typeof path === 'string' ? u.pathname === path : path.test(u.pathname)), { timeout: patience })
}

/** value waits until a field has this value. */
export async function value(field: Locator, want: string) {
  let got = ''
  await until(`a field has the value ${want}`, async () => (got = await field.inputValue()) === want).catch((e: Error) => {
    throw new Error(`${e.message}, it has ${got}`)
  })
}

export { assert }
