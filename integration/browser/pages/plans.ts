import type { Page } from 'playwright-core'
import { shows } from '../runner/expect.js'
import { Form } from './portal.js'

/** PlansPage are the plans of the account's main scheme, its week and its holidays. */
export class PlansPage {
  private readonly form: Form

  constructor(readonly page: Page) {
    this.form = new Form(page, page.getByRole('main'))
  }

  tab = (name: 'Plans' | 'Week' | 'Holidays') => this.page.getByRole('tab', { name, exact: true }).click()

  /** plan opens a plan by what its button says, or 'New plan'. */
  async plan(name: string | RegExp) {
    await this.page.getByRole('radio', { name }).or(this.page.getByRole('button', { name, exact: true })).click()
  }

  /** make makes a plan that sends one number to one destination. */
  async make(name: string, destination: string) {
    await this.plan('New plan')
    await this.form.fill('Name', name)
    await this.enter(destination)
    await this.form.submit()
    await shows(this.page.getByRole('radio', { name: new RegExp(name), checked: true }))
  }

  /** leads adds the company's number to the plan that is open, with its destination. */
  async leads(destination: string) {
    await this.enter(destination)
    await this.save()
  }

  private async enter(destination: string) {
    await this.form.button('Add a number').click()
    await this.form.fill('Goes to 1', destination)
    await this.page.keyboard.press('Escape')
  }

  /** open has a plan active on some days: from the begin of the first to the end of the last. */
  async opensOn(plan: string, first: string, last: string) {
    await this.tab('Week')
    await this.form.button('The same as a list').click()
    await this.form.button('Add a period').click()
    const day = (name: string) => this.page.getByRole('combobox', { name, exact: true })
    const time = (name: string) => this.page.getByRole('textbox', { name, exact: true })
    for (const [at, d, t] of [
      ['From 1', first, '00:00'],
      ['Up to 1', last, '24:00'],
    ] as const) {
      await day(at).click()
      await this.page.getByRole('option', { name: d, exact: true }).click()
      await time(at).fill(t)
    }
    await day('Plan 1').click()
    await this.page.getByRole('option', { name: new RegExp(plan) }).click()
    await this.save()
  }

  /** holiday has a plan active between two moments, as 2026-12-25T00:00. */
  async holiday(name: string, from: string, to: string, plan: string) {
    await this.tab('Holidays')
    await this.form.button('Add a holiday').click()
    await this.form.fill('Name 1', name)
    await this.form.fill('From 1', from)
    await this.form.fill('Up to 1', to)
    await this.form.choose('Plan 1', new RegExp(plan))
    await this.save()
  }

  private async save() {
    await this.form.submit()
    await shows(this.page.getByRole('status').filter({ hasText: /^Saved$/ }))
  }
}
