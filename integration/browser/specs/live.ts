import { AccountPage } from '../pages/portal.js'
import { assert, gone, shows, until } from '../runner/expect.js'
import { callSpec } from '../runner/spec.js'
import type { World } from '../runner/world.js'

/** office is a company with two phones, and its administrator's browser. */
async function office(w: World) {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  await company.user('102', 'Bob Cook')
  const ann = await w.phone(await company.channel('ann', '101'))
  const bobsChannel = await company.channel('bob', '102')
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  return { company, ann, bobsChannel, page, account }
}

callSpec('users_and_channels_change_on_the_screen_by_themselves', async (w) => {
  const { ann, bobsChannel, page, account } = await office(w)
  await account.section('Users')
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  await shows(row('Ann Baker').getByText('Free'))
  await shows(row('Bob Cook').getByText('No phone registered'))
  const bob = await w.phone(bobsChannel)
  await shows(row('Bob Cook').getByText('Free'))
  const there = await ann.calls('102')
  const here = await bob.isCalled()
  await shows(row('Bob Cook').getByText('Ringing'))
  await here.answers()
  await there.answered()
  await shows(row('Bob Cook').getByText('In a call'))
  await shows(row('Ann Baker').getByText('In a call'))
  await there.hangsUp()
  await here.ended()
  await shows(row('Bob Cook').getByText('Free'))
  await account.section('Channels')
  await shows(page.getByRole('row').filter({ hasText: bobsChannel.name }).getByText('Registered'))
})

callSpec('a_call_is_seen_while_it_is_made_and_explained_afterwards', async (w) => {
  const { ann, bobsChannel, page, account } = await office(w)
  const bob = await w.phone(bobsChannel)
  await account.section('Calls')
  await shows(page.getByText('Nobody is in a call.'))
  const there = await ann.calls('102')
  const here = await bob.isCalled()
  await shows(page.getByText('102 ringing'))
  await here.answers()
  await there.answered()
  await gone(page.getByText('102 ringing'))
  await there.hangsUp()
  await here.ended()
  await shows(page.getByText('Nobody is in a call.'))
  await page.reload()
  const past = page.getByRole('table').last().getByRole('row').filter({ hasText: 'Ann Baker' })
  await past.getByRole('button').click()
  const dialog = page.getByRole('dialog')
  await shows(dialog.getByText('End of the call'))
  await shows(dialog.getByRole('cell', { name: /102/ }))
})

callSpec('the_wallboard_shows_who_waits', async (w) => {
  const { company, ann, page, account } = await office(w)
  await company.api.post(company.path('/extensions'), { number: '600', name: 'Help', kind: 'queue', queue: { strategy: 'longest_idle', members: [] } })
  await account.section('Queues')
  await page.getByRole('link', { name: '600 Help' }).click()
  const figure = (name: string) => page.getByText(name, { exact: true }).locator('..')
  await shows(figure('Waiting').getByText('0', { exact: true }))
  const there = await ann.calls('600')
  await shows(figure('Waiting').getByText('1', { exact: true }))
  await until('the longest wait counts', async () => /[1-9]/.test((await figure('Longest wait').innerText()).split('\n')[0]!))
  await there.hangsUp()
  await shows(figure('Waiting').getByText('0', { exact: true }))
  await shows(figure('Hung up').getByText('1', { exact: true }))
})

callSpec('the_rank_that_agents_get_by_the_keyboard_is_the_order_in_which_they_are_called', async (w) => {
  const { company, bobsChannel, page, account } = await office(w)
  const bob = await w.phone(bobsChannel)
  await company.api.post(company.path('/extensions'), {
    number: '600',
    name: 'Help',
    kind: 'queue',
    queue: { strategy: 'sequential', members: [{ extension: '101' }, { extension: '102' }] },
  })
  await company.enter(company.number(1), '600')
  await account.section('Queues')
  await page.getByRole('link', { name: '600 Help' }).click()
  await page.getByRole('tab', { name: 'Agents' }).click()
  const up = page.getByRole('button', { name: 'Move Bob Cook up' })
  await up.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Save' }).click()
  await gone(page.getByText('not saved yet'))
  const queue = await company.api.get(company.path('/extensions/600'))
  assert.deepEqual(
    queue.queue.members.map((m: { extension: string }) => m.extension),
    ['102', '101'],
  )
  const caller = await w.carrier.calls(company.number(1))
  const here = await bob.isCalled()
  await here.answers()
  await caller.hangsUp()
  await here.ended()
})
