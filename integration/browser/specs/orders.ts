import type { Page } from 'playwright-core'
import { AccountPage } from '../pages/portal.js'
import { assert, gone, shows, value } from '../runner/expect.js'
import { callSpec, spec } from '../runner/spec.js'

/** Wizard is the ordering wizard. */
class Wizard {
  constructor(readonly page: Page) {}

  /** ready waits until the products are there. */
  ready = () => value(this.page.getByRole('combobox', { name: 'Portfolio' }), 'Callplane')

  async choose(label: string, option: string) {
    await this.page.getByRole('combobox', { name: label, exact: true }).or(this.page.getByRole('textbox', { name: label, exact: true })).first().click()
    await this.page.getByRole('option', { name: option, exact: true }).click()
  }

  fill = (label: string, value: string) => this.page.getByRole('textbox', { name: label, exact: true }).fill(value)
  press = (name: string) => this.page.getByRole('button', { name, exact: true }).click()
  next = () => this.press('Next step')
}

callSpec('a_user_that_was_ordered_step_by_step_is_called', async (w) => {
  const company = await w.company()
  await company.user('102', 'Bob Cook')
  const bob = await w.phone(await company.channel('bob', '102'))
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Orders')
  await page.getByRole('link', { name: 'New order' }).click()
  const order = new Wizard(page)
  await order.ready()
  await order.choose('Product', 'Starter user')
  await order.fill('Your reference', 'R-1')
  await order.next()
  await page.getByRole('checkbox', { name: 'Call recording' }).check()
  await order.next()
  await order.fill('Name', 'Ann Baker')
  await page.getByRole('checkbox', { name: 'Use the next available number' }).uncheck()
  await order.fill('Extension', '102') // taken: it leads back here, with all that was typed
  await order.next()
  await order.press('Place order')
  await shows(page.getByText('is already in use').first())
  assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'Ann Baker')
  await order.fill('Extension', '101')
  await order.next()
  await order.press('Place order')
  await shows(page.getByRole('heading', { name: '101 Ann Baker' }))
  await shows(page.getByText('Active', { exact: true }))
  const ann = await w.phone(await company.channel('ann', '101'))
  await account.section('Users')
  await shows(page.getByRole('row').filter({ hasText: 'Ann Baker' }).getByText('Free'))
  const there = await bob.calls('101')
  const here = await ann.isCalled()
  await here.answers()
  await there.answered()
  await there.hangsUp()
  await here.ended()
})

spec('an_order_that_waits_for_its_sim_begins_with_it_and_is_changed_and_ended', async (w) => {
  const company = await w.company()
  const iccid = `89314400000${String(company.id).padStart(5, '0')}4321`
  await w.api.post(company.path('/sims'), { iccids: [iccid] })
  const page = await w.as('operator')
  await page.goto(`/accounts/${company.id}/orders/new`)
  const order = new Wizard(page)
  await order.ready()
  await order.choose('Product', 'Expert user')
  await order.choose('Contract duration', '24 months')
  await order.next()
  await order.choose('Data', 'Mobile data 50 GB')
  await order.next()
  await order.next()
  await order.fill('Name', 'Sam Smit')
  await order.next()
  await page.getByRole('radio', { name: 'Connect the SIM later' }).check()
  await order.next()
  await page.getByRole('checkbox', { name: 'Invoice the customer' }).uncheck()
  await order.press('Place order')
  await shows(page.getByText('Waits for its SIM'))
  const act = async (name: string) => {
    await page.getByRole('button', { name: /^Actions/ }).click()
    await page.getByRole('menuitem', { name, exact: true }).click()
    await shows(page.getByRole('dialog'))
  }
  await act('Connect SIM')
  await order.fill('Last four digits of the SIM', '4321')
  await page.getByRole('radio', { name: iccid }).check()
  await order.press('Connect')
  await gone(page.getByRole('dialog'))
  await shows(page.getByText('Active', { exact: true }))
  await act('Start billing')
  await page.getByRole('dialog').getByRole('button', { name: 'Start billing' }).click()
  await gone(page.getByRole('dialog'))
  await act('Change order')
  await page.getByRole('checkbox', { name: 'Assistant' }).check()
  await order.press('Place order')
  await gone(page.getByRole('dialog'))
  await page.getByRole('tab', { name: 'Invoicing' }).click()
  await shows(page.getByRole('row').filter({ hasText: 'Assistant' }))
  await page.getByRole('tab', { name: 'Purchase' }).click()
  await shows(page.getByRole('row').filter({ hasText: 'Mobile data 50 GB' }))
  await act('Terminate order')
  await order.press('Terminate')
  await gone(page.getByRole('dialog'))
  await page.getByRole('tab', { name: 'Order history' }).click()
  await shows(page.getByText(/End planned/))
  await shows(page.getByText(/SIM connected/))
})

spec('the_product_can_be_chosen_by_who_clicks_before_the_list_is_there', async (w) => {
  const company = await w.company()
  const page = await w.as('admin', company)
  let loaded = () => {}
  const late = new Promise<void>((r) => (loaded = r))
  await page.route('**/api/v1/accounts/*/products', async (route) => {
    await late
    await route.continue()
  })
  await page.goto(`/accounts/${company.id}/orders/new`)
  const product = page.getByRole('combobox', { name: 'Product' }).or(page.getByRole('textbox', { name: 'Product' })).first()
  await shows(product)
  await product.click({ force: true, noWaitAfter: true })
  await shows(page.getByText('The list is being fetched…'))
  loaded()
  await page.getByRole('option', { name: 'Starter user', exact: true }).click()
  await value(product, 'Starter user')
})
