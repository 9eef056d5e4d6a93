import { AccountPage, List, LogInPage } from '../pages/portal.js'
import { assert, at, gone, shows, until, value } from '../runner/expect.js'
import { spec } from '../runner/spec.js'
import { password } from '../runner/world.js'

const script = '<script>window.evil = 1</script><img src=x onerror="window.evil = 1">'

spec('what_is_typed_is_shown_as_text_and_never_run', async (w) => {
  const company = await w.company(script)
  await company.user('101', script)
  await w.api.post(company.path('/privacy-groups'), { name: script })
  await w.api.post(company.path('/tokens'), { name: script, role: 'readonly' })
  const page = await w.as('operator')
  await page.goto('/')
  await shows(page.getByText(company.name))
  const account = new AccountPage(page)
  await account.open(company.id)
  await shows(page.getByRole('heading', { name: company.name }))
  const links = await page.getByRole('navigation').getByRole('link').allInnerTexts()
  for (const name of links) {
    await account.section(name)
    await w.settled(page)
  }
  await account.section('Extensions')
  await shows(page.getByRole('cell', { name: script, exact: true }))
  const form = await new List(page).open('101')
  await value(form.field('Name'), script)
  assert.equal(await page.evaluate('window.evil'), undefined)
})

spec('a_wrong_field_says_so_and_nothing_typed_is_lost', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann')
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Extensions')
  const list = new List(page, 'New extension')
  const form = await list.make()
  const refused = async (field: string, message: RegExp) => {
    await form.submit()
    await shows(form.root.getByText(message))
    await until(`${field} is marked`, async () => (await form.field(field).getAttribute('aria-invalid')) === 'true')
  }
  await form.fill('Name', 'Bob')
  await refused('Number', /required|expected|must/i)
  await form.fill('Number', '12')
  await refused('Number', /3|digits/)
  await form.fill('Number', 'abc')
  await refused('Number', /expected|must|digits/)
  await form.fill('Number', '102')
  await form.fill('Name', 'x'.repeat(5000))
  assert.equal((await form.field('Name').inputValue()).length, 200)
  await form.fill('Name', 'Bob')
  await form.fill('Number', '101')
  await form.submit()
  await shows(form.root.getByText(/exists|taken|already|in use/i))
  await value(form.field('Name'), 'Bob')
  await form.fill('Number', '102')
  await form.save()
  await shows(list.row('Bob'))
})

spec('two_who_change_the_same_do_not_overwrite_each_other', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann')
  const [one, two] = [await w.as('admin', company), await w.as('admin', company)]
  const open = async (page: typeof one) => {
    const account = new AccountPage(page)
    await account.open(company.id)
    await account.section('Extensions')
    return new List(page).open('101')
  }
  const [mine, theirs] = [await open(one), await open(two)]
  await value(theirs.field('Name'), 'Ann')
  await mine.fill('Name', 'Ann by the first')
  await mine.save()
  await theirs.fill('Name', 'Ann by the second')
  await theirs.submit()
  await shows(theirs.root.getByText('Somebody else has changed this'))
  await value(theirs.field('Name'), 'Ann by the second')
  await shows(theirs.root.getByRole('row', { name: /Name Ann Ann by the first Ann by the second/ }))
  assert.equal((await w.api.get(company.path('/extensions/101'))).name, 'Ann by the first')
  await theirs.button('Save what I typed').click()
  await gone(theirs.root)
  assert.equal((await w.api.get(company.path('/extensions/101'))).name, 'Ann by the second')
})

spec('a_session_that_ends_in_the_middle_of_a_form_loses_nothing', async (w) => {
  const company = await w.company()
  const { id, email } = await w.login('admin', company)
  const page = await w.open()
  await w.enter(page, email)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Extensions')
  const form = await new List(page, 'New extension').make()
  await form.fill('Number', '101')
  await form.fill('Name', 'Typed for a long time')
  await w.api.ask('DELETE', company.path(`/logins/${id}/sessions`))
  await form.submit()
  const again = new LogInPage(page)
  await shows(page.getByText('Your session has ended'))
  await again.fill(email, password)
  await gone(page.getByText('Your session has ended'))
  await value(form.field('Name'), 'Typed for a long time')
  await form.save()
  assert.equal((await w.api.get(company.path('/extensions/101'))).name, 'Typed for a long time')
})

spec('a_service_that_is_away_loses_nothing_either', async (w) => {
  const company = await w.company()
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Privacy groups')
  const form = await new List(page, 'New privacy group').make()
  await form.fill('Name', 'Desk')
  await page.route('**/api/v1/**', (r) => r.abort())
  await form.submit()
  await shows(form.root.getByText('can’t be reached'))
  await value(form.field('Name'), 'Desk')
  await page.unroute('**/api/v1/**')
  await form.save()
  await shows(page.getByRole('cell', { name: 'Desk' }))
})

spec('an_account_of_others_is_not_there', async (w) => {
  const company = await w.company()
  const other = await w.company('Secret')
  await other.user('101', 'Hidden Ann')
  const page = await w.as('admin', company)
  const refused: number[] = []
  page.on('response', (r) => {
    if (r.url().includes(`/accounts/${other.id}`) && r.url().includes('/api/')) refused.push(r.status())
  })
  for (const section of ['', '/extensions', '/calls', '/plans', '/audit']) {
    await page.goto(`/accounts/${other.id}${section}`)
    await shows(page.getByRole('alert'))
    await w.settled(page)
    assert.doesNotMatch(await page.locator('body').innerText(), /Secret|Hidden/)
  }
  assert.ok(refused.length > 5 && refused.every((s) => s === 404), `answers: ${refused.join(' ')}`)
  await page.goto('/accounts/999999999999999999999')
  await shows(page.getByRole('alert'))
  await page.goto('/accounts/no-number')
  await shows(page.getByRole('alert'))
  await page.goto('/nothing/here')
  await at(page, new RegExp(`/accounts/${company.id}`))
})
