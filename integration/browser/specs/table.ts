import { Form } from '../pages/portal.js'
import { assert, gone, shows } from '../runner/expect.js'
import { callSpec } from '../runner/spec.js'

callSpec('a_table_with_wrong_rows_is_refused_as_a_whole_and_a_right_one_routes', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  await company.user('102', 'Bob Cook')
  const bob = await w.phone(await company.channel('bob', '102'))
  await w.api.post(company.path('/extensions'), { number: '400', name: 'Regions', kind: 'location', location: { by: 'area_code', fallback: '101' } })
  await company.enter(company.number(1), '400')
  const page = await w.as('admin', company)
  await page.goto(`/accounts/${company.id}/extensions/400`)
  const form = new Form(page, page.getByRole('dialog'))
  const bring = async (text: string) => {
    await form.root.locator('input[type=file]').setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  }
  await bring('key,destination,prefix\n030,102,\nabc,101,\n020,999,\n')
  const wrong = form.root.getByRole('alert').filter({ hasText: 'Nothing was imported' })
  await shows(wrong.getByText(/^row 3:/))
  await shows(wrong.getByText(/^row 4:.*999/))
  assert.equal((await company.api.get(company.path('/locations/400'))).rows ?? 0, 0, 'nothing of it is there')
  await bring('key;destination;prefix\n030;102;Utrecht\n')
  await shows(form.root.getByText('Imported: 1 rows.'))
  await gone(wrong)
  await shows(form.root.getByRole('cell', { name: 'Utrecht' }))
  await company.api.get(company.path('/users?limit=1'))
  const there = await w.carrier.calls(company.number(1), '+31302345678')
  const here = await bob.isCalled()
  assert.match((await here.shows()).name, /Utrecht/)
  await here.answers()
  await there.hangsUp()
  await here.ended()
})
