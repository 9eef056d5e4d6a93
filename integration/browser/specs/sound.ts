import type { Page } from 'playwright-core'
import type { Company } from '../runner/api.js'
import { Form } from '../pages/portal.js'
import { assert, gone, shows, until } from '../runner/expect.js'
import { callSpec } from '../runner/spec.js'
import type { World } from '../runner/world.js'

/** upload brings a tone as a recording with a name, in the browser. */
async function upload(w: World, page: Page, company: Company, name: string, hz: number) {
  await page.goto(`/accounts/${company.id}/audio`)
  await page.getByRole('button', { name: 'Upload a file' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('input[type=file]').setInputFiles(await w.tone(hz, 2))
  await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
  await dialog.getByRole('button', { name: 'Upload a file' }).click()
  await gone(dialog)
  await shows(page.getByRole('row').filter({ hasText: name }))
}

callSpec('music_on_hold_chosen_in_the_browser_is_heard_by_who_waits', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  const ann = await w.phone(await company.channel('ann', '101'))
  for (const number of ['600', '601']) await w.api.post(company.path('/extensions'), { number, name: `Help ${number}`, kind: 'queue', queue: { strategy: 'longest_idle', music: true, members: [] } })
  const page = await w.as('admin', company)
  await upload(w, page, company, 'House tune', 500)
  await upload(w, page, company, 'Tune of 601', 1100)
  await page.goto(`/accounts/${company.id}/music`)
  const all = new Form(page, page.locator('form').first())
  await all.button('Add').click()
  await all.choose('Playlist 1', /^House tune/)
  await all.submit()
  await shows(all.root.getByText('Saved', { exact: true }))
  await page.getByRole('main').getByRole('combobox', { name: 'Extension' }).or(page.getByRole('main').getByRole('textbox', { name: 'Extension' })).first().fill('601')
  await page.keyboard.press('Escape')
  const own = new Form(page, page.locator('form').nth(1))
  await own.button('Add').click()
  await own.choose('Playlist 1', /^Tune of 601/)
  await own.submit()
  await shows(own.root.getByText('Saved', { exact: true }))
  assert.equal((await company.api.get(company.path('/extensions/601/music-on-hold'))).recordings.length, 1)
  await company.api.get(company.path('/users?limit=1'))
  for (const [queue, hz] of [['600', 500], ['601', 1100]] as const) {
    const there = await ann.calls(queue)
    await there.answered()
    await there.hears(hz)
    await there.hangsUp()
  }
})

callSpec('a_copy_of_a_recording_is_played_by_the_extension_for_which_it_was_made', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  const ann = await w.phone(await company.channel('ann', '101'))
  await w.api.post(company.path('/extensions'), { number: '300', name: 'Welcome', kind: 'ivr', ivr: { max_digits: 1, options: [{ digits: '1', destination: '101' }] } })
  const page = await w.as('admin', company)
  await upload(w, page, company, 'Greeting', 900)
  await page.getByRole('row').filter({ hasText: 'Greeting' }).getByRole('button', { name: 'Greeting', exact: true }).click()
  const form = new Form(page, page.getByRole('dialog'))
  const to = form.field('Extension that plays the copy')
  await to.fill('999')
  await form.button('Copy').click()
  await shows(form.root.getByText(/999/).last())
  await to.fill('300')
  await form.fill('Name of the copy', 'Greeting of 300')
  await form.button('Copy').click()
  await shows(form.root.getByText('Copied: 300 plays it from now on.'))
  await page.keyboard.press('Escape')
  await shows(page.getByRole('row').filter({ hasText: 'Greeting of 300' }))
  const list = await company.api.get<{ items: { key: string; name: string }[] }>(company.path('/audio'))
  assert.equal(list.items.length, 2)
  await until('the menu has the copy', async () => (await company.api.get(company.path('/extensions/300'))).ivr.announcement === list.items.find((r) => r.name === 'Greeting of 300')!.key)
  await company.api.get(company.path('/users?limit=1'))
  const there = await ann.calls('300')
  await there.answered()
  await there.hears(900)
  await there.hangsUp()
})
