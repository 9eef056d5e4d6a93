import { AccountPage, List } from '../pages/portal.js'
import { assert, shows } from '../runner/expect.js'
import { talk } from '../runner/phone.js'
import { callSpec } from '../runner/spec.js'

callSpec('a_user_with_a_channel_made_in_the_browser_is_called', async (w) => {
  const company = await w.company()
  await company.user('102', 'Bob')
  const bob = await w.phone(await company.channel('bob', '102'))
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)

  await account.section('Extensions')
  const extensions = new List(page, 'New extension')
  let form = await extensions.make()
  await form.fill('Number', '101')
  await form.fill('Name', 'Ann Baker')
  await form.save()
  await shows(extensions.row('Ann Baker'))

  await account.section('Channels')
  form = await new List(page, 'New channel').make()
  await form.fill('Name', `ann${company.id}`)
  await form.fill('User', '101')
  await form.submit()
  const secret = page.getByRole('dialog').locator('code, pre').first()
  await shows(secret)
  const ann = await w.phone({ name: `ann${company.id}`, password: (await secret.innerText()).trim() })

  const there = await ann.calls('102')
  const here = await bob.isCalled()
  assert.equal((await here.shows()).name, 'Ann Baker')
  await here.answers()
  await there.answered()
  await talk(there, here)
  await there.hangsUp()
  await here.ended()
})
