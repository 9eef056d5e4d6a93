import type { Locator, Page } from 'playwright-core'
import { at, gone, shows } from '../runner/expect.js'

/** LogInPage is what somebody sees who is not logged in. */
export class LogInPage {
  readonly email: Locator
  readonly password: Locator
  readonly code: Locator
  readonly problem: Locator

  constructor(readonly page: Page) {
    this.email = page.getByRole('textbox', { name: 'E-mail address' })
    this.password = page.getByRole('textbox', { name: 'Password', exact: true })
    this.code = page.getByRole('textbox', { name: 'One-time code' })
    this.problem = page.getByRole('alert')
  }

  async fill(email: string, password: string) {
    await this.email.fill(email)
    await this.password.fill(password)
    await this.submit()
  }

  submit = () => this.page.getByRole('button', { name: 'Log in' }).click()
}

/** AccountPage is an account's home with its sections at the side. */
export class AccountPage {
  constructor(readonly page: Page) {}

  async open(account: number) {
    await this.page.goto(`/accounts/${account}`)
    await shows(this.sections.getByRole('link').first())
  }

  /** section goes to one of the account's pages. */
  async section(name: string) {
    const link = this.sections.getByRole('link', { name, exact: true })
    await link.click()
    await shows(link.and(this.page.locator('[aria-current=page]')))
  }

  at = (account: number) => at(this.page, new RegExp(`^/accounts/${account}(/|$)`))

  private get sections() {
    return this.page.getByRole('navigation')
  }
}

/** List is a page that lists rows and opens a form of one. */
export class List {
  constructor(
    readonly page: Page,
    /** What the button of a new row says. */
    readonly add = '',
  ) {}

  /** make opens the form of a new row. */
  async make(): Promise<Form> {
    await this.page.getByRole('button', { name: this.add, exact: true }).first().click()
    return this.form()
  }

  /** open opens the form of the row whose first cell says this. */
  async open(first: string): Promise<Form> {
    await this.page.getByRole('table').getByRole('button', { name: first, exact: true }).click()
    return this.form()
  }

  row = (text: string | RegExp) => this.page.getByRole('row').filter({ hasText: text })

  private async form() {
    const dialog = this.page.getByRole('dialog')
    await shows(dialog)
    return new Form(this.page, dialog)
  }
}

/** Form is a form, in a drawer or on the page. */
export class Form {
  constructor(
    readonly page: Page,
    readonly root: Locator,
  ) {}

  /** part is a fieldset of the form. */
  part = (legend: string) => new Form(this.page, this.root.getByRole('group', { name: legend, exact: true }))

  field(label: string) {
    const named = { name: label, exact: true }
    return this.root.getByRole('textbox', named).or(this.root.getByRole('combobox', named)).or(this.root.getByRole('spinbutton', named)).first()
  }

  async fill(label: string, value: string) {
    await this.field(label).fill(value)
  }

  /** choose takes an option of a list by what it says. */
  async choose(label: string, option: string | RegExp) {
    await this.field(label).click()
    await this.page.getByRole('listbox').getByRole('option', { name: option, exact: true }).click()
  }

  async tick(label: string, on = true) {
    await this.root.getByRole('switch', { name: label, exact: true }).setChecked(on)
  }

  button = (name: string) => this.root.getByRole('button', { name, exact: true })

  /** save saves and waits until the drawer is gone. */
  async save() {
    await this.submit()
    await gone(this.root)
  }

  submit = () => this.button('Save').first().click()
}
