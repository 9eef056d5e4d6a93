import { assert, shows } from '../runner/expect.js'
import { spec } from '../runner/spec.js'

const most = 300 * 1000

spec('the_first_screen_is_under_300_KB', async (w) => {
  const page = await w.open()
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  let bytes = 0
  let requests = 0
  cdp.on('Network.loadingFinished', (e) => {
    bytes += e.encodedDataLength
    requests++
  })
  await page.goto('/')
  await shows(page.getByRole('button', { name: 'Log in' }))
  await w.settled(page)
  await w.print(`first screen (log-in): ${requests} requests, ${(bytes / 1000).toFixed(1)} kB as transferred`)
  assert.ok(bytes > 20_000, 'nothing was measured')
  assert.ok(bytes < most, `${bytes} bytes`)

  const company = await w.company()
  const { email } = await w.login('admin', company)
  await w.enter(page, email)
  bytes = requests = 0
  await page.goto(`/accounts/${company.id}`)
  await shows(page.getByRole('heading', { name: company.name }))
  await w.settled(page)
  await w.print(`an account's home after it: ${requests} more requests, ${(bytes / 1000).toFixed(1)} kB`)
})

spec('the_first_page_asks_for_each_thing_once', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  const { email } = await w.login('admin', company)
  const page = await w.open()
  await w.enter(page, email)
  const asked: string[] = []
  page.on('request', (r) => asked.push(new URL(r.url()).pathname))
  for (const path of ['', '/extensions', '/extensions/101', '/calls']) {
    asked.length = 0
    await page.goto(`/accounts/${company.id}${path}`)
    await shows(page.getByRole('heading', { name: company.name }))
    if (path.startsWith('/extensions')) await shows(page.getByRole('row').filter({ hasText: 'Ann Baker' }))
    await w.settled(page)
    assert.deepEqual(asked.filter((x, i) => asked.indexOf(x) !== i), [], path)
  }
})
