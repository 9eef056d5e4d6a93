import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { Form, List } from '../pages/portal.js'
import { busy, showcase, told, type Showcase } from '../pages/showcase.js'
import { platformTour, tour } from '../pages/tour.js'
import { gone, shows } from '../runner/expect.js'
import { maker } from '../runner/spec.js'
import type { World } from '../runner/world.js'

maker('screenshots', async (w) => {
  const out = w.settings.out
  mkdirSync(out, { recursive: true })
  for (const old of readdirSync(out)) if (old.endsWith('.png')) rmSync(join(out, old))
  const s = await showcase(w)
  await told(s)
  await busy(w, s)
  const camera = new Camera(w, out)

  const front = await w.open()
  await camera.at(front, '/', 'log-in')
  const page = await w.as('operator', undefined, { name: 'Mara Hofman' })
  await camera.at(page, '/security', 'security')
  await platformTour(w, page, (name) => camera.take(page, name))
  await tour(w, page, s.company.id, (name) => camera.take(page, name))
  await pagesBelow(camera, page, s)
  await forms(camera, page, s)
  await simulation(camera, page, s)

  const own = await w.as('user', s.company, { user: '101', name: 'Anna Visser' })
  for (const view of ['', '/voicemail', '/calls', '/assistant', '/pin']) await camera.at(own, `/me${view}`, `me${view.replace('/', '-')}`)
  const leader = await w.as('supervisor', s.company, { name: 'Carla Jansen' })
  await camera.at(leader, '/queues/400', 'supervisor')

  await otherwise(camera, s, 'dark-nl', { colorScheme: 'dark', locale: 'nl-NL' })
  await otherwise(camera, s, 'narrow', { viewport: { width: 390, height: 844 } })
})

/** Camera makes the pictures. */
class Camera {
  constructor(
    readonly w: World,
    private readonly folder: string,
  ) {}

  /** take makes a picture of what is open. */
  async take(page: Page, name: string) {
    await page.screenshot({ path: join(this.folder, `${name}.png`), animations: 'disabled', caret: 'hide' })
  }

  /** at goes somewhere and makes a picture when all of it is there. */
  async at(page: Page, path: string, name: string) {
    await page.goto(path)
    await shows(page.getByRole('heading').first())
    await this.w.settled(page)
    await this.take(page, name)
  }
}

/** pagesBelow are the pages to which no entry at the side leads. */
async function pagesBelow(camera: Camera, page: Page, s: Showcase) {
  const at = (path: string) => `/accounts/${s.company.id}/${path}`
  for (const [path, name] of [
    ['queues/400', 'queue-wallboard'],
    ['queues/400/members', 'queue-agents'],
    ['queues/400/statistics', 'queue-statistics'],
    ['queues/400/settings', 'queue-settings'],
    ['plans?tab=roster', 'plans-week'],
    ['plans?tab=holidays', 'plans-holidays'],
  ] as const) {
    await camera.at(page, at(path), name)
    if (name !== 'queue-statistics') continue
    await page.getByRole('heading', { name: 'Waiting and talking' }).or(page.getByRole('heading', { level: 3 })).first().scrollIntoViewIfNeeded()
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    await camera.take(page, 'queue-times')
  }
  for (const view of ['', '/lines', '/purchase', '/history', '/channels']) await camera.at(page, s.order + view, `order${view.replace('/', '-')}`)
  await camera.at(page, at('orders/new'), 'order-wizard')
  await page.getByRole('combobox', { name: 'Product', exact: true }).or(page.getByRole('textbox', { name: 'Product', exact: true })).first().click()
  await page.getByRole('option', { name: 'Expert user', exact: true }).click()
  await page.getByRole('button', { name: 'Next step' }).click()
  await camera.w.settled(page)
  await camera.take(page, 'order-wizard-subscription')
}

/** forms are those of rows that are there. */
async function forms(camera: Camera, page: Page, s: Showcase) {
  for (const [path, name] of [
    ['extensions/101', 'extension-user'],
    ['extensions/300', 'extension-menu'],
    ['extensions/400', 'extension-queue'],
    ['extensions/new?kind=queue', 'extension-new-queue'],
  ] as const) {
    await page.goto(`/accounts/${s.company.id}/${path}`)
    await shows(page.getByRole('dialog').getByRole('button', { name: 'Save' }))
    await camera.w.settled(page)
    await camera.take(page, name)
  }
  for (const [path, row, name] of [
    ['/partners', 'North Telecom', 'partner'],
    ['/logins', 'rita@northtelecom.example', 'platform-login'],
    ['/carriers', 'north-carrier', 'carrier'],
    ['/charges', '+316', 'charge'],
  ] as const) {
    await page.goto(path)
    await new List(page).open(row)
    await camera.w.settled(page)
    await camera.take(page, name)
  }
  const opened = async (path: string, button: RegExp | string, name: string) => {
    await page.goto(path)
    await page.getByRole('main').getByRole('button', { name: button }).first().click()
    await shows(page.getByRole('dialog'))
    await camera.w.settled(page)
    await camera.take(page, name)
    await page.keyboard.press('Escape')
    await gone(page.getByRole('dialog'))
  }
  await opened('/prices', /^Expert user/, 'price')
  await opened(`/accounts/${s.company.id}/assistant`, /\d\d:\d\d/, 'assistant-result')
  await opened(`/accounts/${s.company.id}/calls`, /\d\d:\d\d/, 'call')
  await page.goto(`/accounts/${s.company.id}`)
  await page.getByRole('button', { name: /^Search/ }).click()
  await page.getByRole('dialog').locator('input').fill('Anna')
  await shows(page.getByRole('dialog').getByText('Anna Visser').first())
  await camera.w.settled(page)
  await camera.take(page, 'search')
}

/** simulation draws the path of a call. */
async function simulation(camera: Camera, page: Page, s: Showcase) {
  await page.goto(`/accounts/${s.company.id}/plans?tab=simulation`)
  const form = new Form(page, page.getByRole('main'))
  await form.fill('Caller’s number', '+31612345678')
  await page.getByLabel('When').fill('2026-12-01T10:30')
  await form.field('Keys that are pressed').fill('1')
  await form.field('Keys that are pressed').press('Enter')
  await form.button('Add somebody').click()
  await form.fill('Who is called 1', '103')
  await page.keyboard.press('Escape')
  await form.button('Try it').click()
  await shows(page.getByRole('region', { name: 'The path of the call' }))
  await camera.w.settled(page)
  await camera.take(page, 'plans-simulation')
}

/** otherwise shows some pages with other colours and words, or in a small window. */
async function otherwise(camera: Camera, s: Showcase, how: string, options: BrowserContextOptions) {
  const page = await camera.w.as('operator', undefined, { name: 'Mara Hofman' }, options)
  for (const [path, name] of [
    ['', 'overview'],
    ['/plans', 'plans'],
    ['/extensions', 'extensions'],
    ['/calls', 'calls'],
    ['/users', 'users'],
    ['/assistant', 'assistant'],
    ['/orders', 'orders'],
    ['/sims', 'sims'],
    ['/queues/400', 'queue-wallboard'],
    ['/queues/400/statistics', 'queue-statistics'],
  ] as const) {
    await camera.at(page, `/accounts/${s.company.id}${path}`, `${name}-${how}`)
  }
  for (const name of ['partners', 'logins', 'carriers', 'prices', 'charges']) await camera.at(page, `/${name}`, `${name === 'logins' ? 'platform-logins' : name}-${how}`)
  const own = await camera.w.as('user', s.company, { user: '101', name: 'Anna Visser' }, options)
  await camera.at(own, '/me', `me-${how}`)
}
