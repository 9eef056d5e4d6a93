import type { Page } from 'playwright-core'
import { shows } from '../runner/expect.js'
import { Form } from './portal.js'

/** SecurityPage is one's password, second factor and sessions. */
export class SecurityPage {
  constructor(readonly page: Page) {}

  /** open goes there by one's name at the top. */
  async open(name: string) {
    await this.page.getByRole('link', { name, exact: true }).click()
    await shows(this.page.getByRole('heading', { name: 'Log-in and security' }))
  }

  /** beginFactor proves the password and returns the key for the app. */
  async beginFactor(password: string): Promise<{ form: Form; key: string }> {
    await this.page.getByRole('button', { name: 'Set up' }).click()
    const form = new Form(this.page, this.page.getByRole('dialog'))
    await form.fill('Your password', password)
    await form.button('Set up').click()
    await shows(form.root.getByRole('img', { name: 'QR code of the key' }))
    return { form, key: await form.field('Key').inputValue() }
  }
}
