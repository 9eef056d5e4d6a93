import type { Page } from 'playwright-core'
import { PlansPage } from '../pages/plans.js'
import { AccountPage, List } from '../pages/portal.js'
import { assert, gone, shows } from '../runner/expect.js'
import type { Credentials } from '../runner/api.js'
import { talk, type Phone } from '../runner/phone.js'
import { callSpec } from '../runner/spec.js'
import type { World } from '../runner/world.js'

callSpec('a_company_from_nothing_to_a_number_with_menu_queue_opening_hours_and_holiday', async (w) => {
  const number = w.stem() + '01'
  const page = await w.as('operator')
  await page.goto('/')
  await newCustomer(page, `From Nothing ${number.slice(-6)}`)
  const account = new AccountPage(page)

  await account.section('Extensions')
  const extensions = new List(page, 'New extension')
  await newUser(extensions, '101', 'Agnes Agent')
  await newUser(extensions, '102', 'Nick Night')
  await newQueue(extensions, '600', '101')
  await newMenu(extensions, '300', '1', '600')

  await account.section('Channels')
  const agnes = await w.phone(await newChannel(page, `agnes${number.slice(-6)}`, '101'))
  const nick = await w.phone(await newChannel(page, `nick${number.slice(-6)}`, '102'))

  await account.section('Numbers')
  const form = await new List(page, 'New number').make()
  await form.fill('Number', number)
  await form.save()

  await account.section('Numbering plans')
  const plans = new PlansPage(page)
  await plans.leads('102')
  await plans.make('Open', '300')
  const id = /accounts\/(\d+)/.exec(page.url())![1]!
  // Lists of users are made of what calls are decided by, as soon as that has what is saved.
  const inForce = () => w.api.get(`/accounts/${id}/users?limit=1`)
  await inForce()
  await reaches(w, number, nick)

  const today = Date.now()
  await plans.opensOn('Open', weekday(today), weekday(today + 86_400_000))
  await inForce()
  await reachesAgent(w, number, agnes)

  await plans.holiday('A day off', wall(today - 3_600_000), wall(today + 6 * 3_600_000), '^1 ')
  await inForce()
  await reaches(w, number, nick)
})

async function newCustomer(page: Page, name: string) {
  const form = await new List(page, 'New customer').make()
  await form.fill('Name', name)
  await form.submit()
  await gone(form.root)
  await page.getByRole('table').getByRole('button', { name, exact: true }).or(page.getByRole('table').getByRole('link', { name, exact: true })).click()
  await shows(page.getByRole('heading', { name }))
}

async function newUser(list: List, number: string, name: string) {
  const form = await list.make()
  await form.fill('Number', number)
  await form.fill('Name', name)
  await form.save()
}

async function newQueue(list: List, number: string, agent: string) {
  const form = await list.make()
  await form.choose('Kind', /^Queue/)
  await form.fill('Number', number)
  await form.fill('Name', 'Orders')
  await form.fill('Agents', agent)
  await form.field('Agents').press('Enter')
  await form.save()
}

async function newMenu(list: List, number: string, key: string, destination: string) {
  const form = await list.make()
  await form.choose('Kind', /^Menu/)
  await form.fill('Number', number)
  await form.fill('Name', 'Welcome')
  await form.button('Add a choice').click()
  await form.fill('Keys 1', key)
  await form.fill('Goes to 1', destination)
  await form.save()
}

async function newChannel(page: Page, name: string, user: string): Promise<Credentials> {
  const form = await new List(page, 'New channel').make()
  await form.fill('Name', name)
  await form.fill('User', user)
  await form.submit()
  const secret = form.root.locator('code, pre').first()
  await shows(secret)
  const password = (await secret.innerText()).trim()
  await form.button('OK').click()
  await gone(form.root)
  return { name, password }
}

/** reaches has somebody outside call the number, which rings a phone at once. */
async function reaches(w: World, number: string, phone: Phone) {
  const there = await w.carrier.calls(number)
  const here = await phone.isCalled()
  await here.answers()
  await there.answered()
  await talk(there, here)
  await there.hangsUp()
  await here.ended()
}

/** reachesAgent has somebody hear the menu, press its key and come from the queue to the agent. */
async function reachesAgent(w: World, number: string, agent: Phone) {
  const there = await w.carrier.calls(number)
  await there.answered()
  await there.hearsSomething()
  await there.presses('1')
  const here = await agent.isCalled()
  assert.match((await here.shows()).number, /612345678$/)
  await here.answers()
  await talk(there, here)
  await there.hangsUp()
  await here.ended()
}

const zone = 'Europe/Amsterdam'

function weekday(at: number): string {
  return new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: zone }).format(at)
}

/** wall is an instant on the account's clock, as a field for date and time has it. */
function wall(at: number): string {
  return new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(at).replace(' ', 'T')
}
