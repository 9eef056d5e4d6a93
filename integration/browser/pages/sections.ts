import type { Page } from 'playwright-core'
import { shows } from '../runner/expect.js'

/** openPlatform goes to a page of the platform by its entry beside the customers. */
export async function openPlatform(page: Page, section: string) {
  await page.goto('/')
  const link = page.getByRole('navigation', { name: 'Sections of the platform' }).getByRole('link', { name: section, exact: true })
  await link.click()
  await shows(page.getByRole('heading', { name: section, exact: true }))
}
