import { AccountPage, LogInPage } from '../pages/portal.js'
import { assert, at, gone, shows } from '../runner/expect.js'
import { spec } from '../runner/spec.js'
import { password } from '../runner/world.js'

spec('log_in_and_out', async (w) => {
  const company = await w.company()
  const { email } = await w.login('admin', company)
  const page = await w.open()
  const front = new LogInPage(page)
  await page.goto('/')
  await front.fill(email, 'not the password')
  await shows(front.problem)
  assert.equal(await front.email.inputValue(), email)
  await front.password.fill(password)
  await front.submit()
  await new AccountPage(page).at(company.id)
  await shows(page.getByRole('heading', { name: company.name }))
  await page.getByRole('button', { name: 'Log out' }).click()
  await shows(front.email)
  await page.goBack()
  await shows(front.email)
})

spec('a_page_that_was_asked_for_comes_after_the_log_in', async (w) => {
  const company = await w.company()
  const { email } = await w.login('admin', company)
  const page = await w.open()
  const front = new LogInPage(page)
  await page.goto(`/accounts/${company.id}/extensions`)
  await front.fill(email, password)
  await shows(page.getByRole('button', { name: 'New extension' }))
  await at(page, `/accounts/${company.id}/extensions`)
  await gone(front.email)
})
