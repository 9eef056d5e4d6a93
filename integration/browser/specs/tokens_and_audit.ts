import { AccountPage, List } from '../pages/portal.js'
import { assert, shows } from '../runner/expect.js'
import { spec } from '../runner/spec.js'

spec('ACC-11_a_token_made_in_the_browser_has_its_account_and_role_and_is_revoked', async (w) => {
  const company = await w.company()
  const other = await w.company()
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('API tokens')
  const list = new List(page, 'New token')
  let form = await list.make()
  await form.fill('Name', 'reader')
  await form.choose('Role', 'Read only')
  await form.submit()
  const secret = form.root.locator('code, pre').first()
  await shows(secret)
  const token = (await secret.innerText()).trim()
  await form.button('OK').click()
  const status = async (method: string, path: string, body?: object) =>
    (await fetch(`${w.settings.url}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) })).status
  assert.equal(await status('GET', company.path('/extensions')), 200)
  assert.equal(await status('POST', company.path('/privacy-groups'), { name: 'Desk' }), 403)
  assert.equal(await status('GET', other.path('/extensions')), 404)
  assert.equal(await status('GET', '/trunks'), 403)

  form = await list.open('reader')
  await form.button('Delete').click()
  await form.root.getByRole('alertdialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await shows(list.row('reader').filter({ hasText: 'revoked' }))
  assert.equal(await status('GET', company.path('/extensions')), 401)
})

spec('ACC-11_the_audit_log_says_who_changed_what_when_before_and_after', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Before')
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Extensions')
  const form = await new List(page).open('101')
  await form.fill('Name', 'Ann After')
  await form.save()
  await account.section('Audit log')
  const row = page.getByRole('row').filter({ hasText: 'Extension 101' }).filter({ hasText: 'changed' })
  await shows(row.getByText(/admin\d+\.\d+@example\.com/))
  await row.getByRole('button').click()
  await shows(page.getByRole('deletion').filter({ hasText: 'Ann Before' }))
  await shows(page.getByRole('insertion').filter({ hasText: 'Ann After' }))
})
