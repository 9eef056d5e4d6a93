import { AccountPage } from '../pages/portal.js'
import { assert, gone, shows, until } from '../runner/expect.js'
import { callSpec, spec } from '../runner/spec.js'

spec('ACD-04_ACD-05_agents_are_dragged_into_their_order_and_logged_in_and_out', async (w) => {
  const company = await w.company()
  for (const [ext, name] of [
    ['101', 'Ann Baker'],
    ['102', 'Bob Cook'],
    ['103', 'Cas Deen'],
  ] as const) {
    await company.user(ext, name)
  }
  const members = [{ extension: '101' }, { extension: '102' }, { extension: '103' }]
  await company.api.post(company.path('/extensions'), { number: '600', name: 'Help', kind: 'queue', queue: { strategy: 'sequential', members } })
  const now = async () => {
    const queue = await company.api.get(company.path('/extensions/600'))
    return queue.queue.members.map((m: { extension: string; active?: boolean }) => m.extension + (m.active ? ' active' : ''))
  }
  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Queues')
  await page.getByRole('link', { name: '600 Help' }).click()
  await page.getByRole('tab', { name: 'Agents' }).click()
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  await row('Cas Deen').dragTo(row('Ann Baker'))
  await shows(page.getByText('not saved yet'))
  await page.getByRole('button', { name: 'Save' }).click()
  await gone(page.getByText('not saved yet'))
  assert.deepEqual(await now(), ['103 active', '101 active', '102 active'])

  // Who is logged out keeps the rank.
  await page.getByRole('switch', { name: 'Cas Deen is logged in' }).click({ force: true })
  await shows(row('Cas Deen').getByText('Logged out'))
  await page.reload()
  await page.getByRole('tab', { name: 'Agents' }).click()
  await shows(row('Cas Deen').getByText('Logged out'))
  assert.deepEqual(await now(), ['103', '101 active', '102 active'])
  await page.getByRole('switch', { name: 'Cas Deen is logged in' }).click({ force: true })
  await gone(row('Cas Deen').getByText('Logged out'))
  assert.deepEqual(await now(), ['103 active', '101 active', '102 active'])
})

callSpec('ACD-14_a_call_of_the_queue_is_in_its_figures_and_charts', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  const ann = await w.phone(await company.channel('ann', '101'))
  const queue = { number: '600', name: 'Help', kind: 'queue', queue: { strategy: 'sequential' } }
  await company.api.post(company.path('/extensions'), queue)
  await company.enter(company.number(1), '600')
  await company.api.put(company.path('/extensions/600'), { ...queue, queue: { ...queue.queue, members: [{ extension: '101', active: true }] } })
  await until('the last change has arrived', async () => {
    const board = await company.api.get(company.path('/queues/600/board')).catch(() => ({ agents: [] }))
    return board.agents?.[0]?.state === 'free'
  })
  const caller = await w.carrier.calls(company.number(1))
  const call = await ann.isCalled()
  await call.answers()
  await caller.answered()
  await call.hangsUp()
  await caller.ended()

  const page = await w.as('admin', company)
  const account = new AccountPage(page)
  await account.open(company.id)
  await account.section('Queues')
  await page.getByRole('link', { name: '600 Help' }).click()
  await page.getByRole('tab', { name: 'Statistics' }).click()
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) })
  await until('the call is in the figures', async () => {
    if ((await row('Conversation').getByRole('cell').nth(1).textContent().catch(() => '')) === '1') return true
    await page.reload()
    await page.getByRole('tab', { name: 'Statistics' }).click()
    await w.settled(page)
    return false
  })
  for (const head of ['Shortest', 'Average', 'Longest', 'Total']) await shows(page.getByRole('columnheader', { name: head, exact: true }))
  assert.equal(await row('Wait, answered').getByRole('cell').nth(1).textContent(), '1')
  assert.equal(await row('Wait, not answered').getByRole('cell').nth(1).textContent(), '0')
  for (const chart of ['Calls by interval', 'Average wait by interval', 'Average conversation by interval']) await shows(page.getByRole('img', { name: chart }))
  await shows(page.getByRole('row').filter({ hasText: 'Ann Baker' }))
})
