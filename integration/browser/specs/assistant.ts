import { AccountPage } from '../pages/portal.js'
import { examine } from '../runner/axe.js'
import { assert, gone, shows } from '../runner/expect.js'
import { callSpec } from '../runner/spec.js'

callSpec('what_was_said_to_the_assistant_is_read_by_administrators_and_by_who_said_it', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  const ann = await w.phone(await company.channel('ann', '101'))
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Assistant')
  await shows(page.getByText(/^The assistant has not heard anything yet/))
  await shows(page.getByText('The assistant is there for 1 of the 1 users who can have it.'))
  const memo = await ann.calls('940')
  await memo.answered()
  await memo.hears(1400)
  await memo.hums(700)
  await ann.staysQuiet(2_500)
  await memo.hangsUp()
  const words = 'Please call the office tomorrow.'
  await page.reload()
  const row = page.getByRole('row').filter({ hasText: words })
  for (let i = 0; i < 10 && !(await row.isVisible()); i++) {
    await ann.staysQuiet(500)
    await page.reload()
    await w.settled(page)
  }
  await shows(row.getByText('memo'))
  await row.getByRole('button').click()
  const dialog = page.getByRole('dialog')
  await shows(dialog.getByRole('heading', { name: 'What was said' }))
  await shows(dialog.getByText(words).nth(1))
  assert.deepEqual((await examine(page, 'assistant result')).found.filter((f) => f.impact === 'critical' || f.impact === 'serious'), [])
  await dialog.getByRole('link', { name: 'Call' }).click()
  await shows(page.getByRole('dialog').getByRole('heading', { name: 'Assistant' }))
  await shows(page.getByRole('dialog').getByText(words))
  await gone(page.getByRole('dialog').getByRole('link', { name: 'Call' })) // it is the call
  const own = await w.as('user', company, { user: '101' })
  await own.goto('/me/assistant')
  await own.getByRole('row').filter({ hasText: words }).getByRole('button').click()
  await own.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  const question = own.getByRole('dialog').filter({ hasText: 'Delete this text and the recording' })
  await question.getByRole('button', { name: 'Delete' }).click()
  await gone(own.getByRole('row').filter({ hasText: words }))
  await shows(own.getByText('The assistant has not heard anything of yours yet.'))
})
