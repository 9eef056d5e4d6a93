import type { Page } from 'playwright-core'
import { at, gone, shows } from '../runner/expect.js'
import type { World } from '../runner/world.js'

/** tour shows each screen of an account to look, with the forms of new rows. Which there are is read from the page. */
export async function tour(w: World, page: Page, account: number, look: (screen: string) => Promise<void>) {
  await everySection(w, page, `/accounts/${account}`, (path) => path.split('/').slice(3).join('-') || 'overview', look)
}

/** platformTour shows each screen that somebody has beside the accounts. */
export async function platformTour(w: World, page: Page, look: (screen: string) => Promise<void>) {
  await everySection(w, page, '/', (path) => (path === '/logins' ? 'platform-logins' : path.slice(1) || 'customers'), look)
}

async function everySection(w: World, page: Page, home: string, name: (path: string) => string, look: (screen: string) => Promise<void>) {
  await page.goto(home)
  const links = page.getByRole('navigation').first().getByRole('link')
  await shows(links.first())
  const paths: string[] = []
  for (const link of await links.all()) paths.push((await link.getAttribute('href'))!)
  for (const path of paths) {
    const screen = name(path)
    // As people go, without loading the portal again.
    await page.locator(`nav a[href="${path}"]`).first().click()
    await at(page, path)
    await page.evaluate(() => scrollTo(0, 0)) // an entry far below was scrolled to
    await shows(page.getByRole('heading').first())
    await w.settled(page)
    await look(screen)
    const make = page.getByRole('main').getByRole('button', { name: /^(New|Nieuw)/ }).first()
    if (!(await make.isVisible())) continue
    await make.click()
    const dialog = page.getByRole('dialog')
    if (await dialog.waitFor({ state: 'visible', timeout: 2_000 }).then(() => true, () => false)) {
      await shows(dialog.getByRole('textbox').first()) // its form comes after the drawer
      await w.settled(page)
      await look(`${screen}-new`)
      await page.keyboard.press('Escape')
      await gone(dialog)
    } else {
      await w.settled(page)
      await look(`${screen}-new`)
      await page.goto(path)
    }
  }
}

/** furnished is a company with something on every screen. */
export async function furnished(w: World) {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  await company.user('102', 'Bob Miller')
  await company.channel('ann', '101')
  await w.api.post(company.path('/extensions'), { number: '200', name: 'Shop', kind: 'group', group: { members: ['101', '102'] } })
  await w.api.post(company.path('/extensions'), { number: '300', name: 'Welcome', kind: 'ivr', ivr: { max_digits: 1, options: [{ digits: '1', destination: '200' }] } })
  await w.api.post(company.path('/extensions'), { number: '400', name: 'Orders', kind: 'queue', queue: { strategy: 'longest_idle', members: [{ extension: '101' }] } })
  await company.enter(company.number(1), '300')
  await w.api.post(company.path('/numbers'), { number: company.number(2) })
  await w.api.post(company.path('/privacy-groups'), { name: 'Shop floor', members: ['101', '102'] })
  await w.api.post(company.path('/tokens'), { name: 'Website', role: 'readonly' })
  await w.login('supervisor', company)
  const card = (n: number) => `8931440001${String(company.id).padStart(6, '0')}${String(n).padStart(4, '0')}`
  await w.api.post(company.path('/sims'), { iccids: [card(17), card(4321)] })
  await w.api.post('/partners', { name: `Partner ${company.id}` })
  await w.api.post('/trunks', { name: `carrier-${company.id}`, host: 'sip.carrier.example', country: 'NL', transport: 'tls', username: 'callplane', password: 'secret', register: true, secure: true, priority: 10, enabled: false })
  return company
}
