import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { examine } from '../runner/axe.js'
import { assert, gone, shows } from '../runner/expect.js'
import { talk } from '../runner/phone.js'
import { callSpec } from '../runner/spec.js'
import type { World } from '../runner/world.js'

/** recorded is a company of which two calls of 101 and one of 102 were recorded. */
async function recorded(w: World) {
  const company = await w.company()
  await company.user('101', 'Ann Baker', { permissions: { record_inbound: true } })
  await company.user('102', 'Bob Cook', { permissions: { record_inbound: true } })
  await company.api.put(company.path('/recording-settings'), { enabled: true, indirect: false })
  const ann = await w.phone(await company.channel('ann', '101'))
  const bob = await w.phone(await company.channel('bob', '102'))
  for (const [from, to, number] of [
    [bob, ann, '101'],
    [bob, ann, '101'],
    [ann, bob, '102'],
  ] as const) {
    const there = await from.calls(number)
    const here = await to.isCalled()
    await here.answers()
    await there.answered()
    await talk(there, here)
    await there.hangsUp()
    await here.ended()
  }
  return company
}

const drawer = async (page: Page) => {
  await page.getByRole('button', { name: 'Prepared ZIP files' }).click()
  const dialog = page.getByRole('dialog')
  await shows(dialog.getByText('can be fetched for 24 hours'))
  return dialog
}

/** fetched is what the browser gets by a link. */
async function fetched(page: Page, click: () => Promise<void>): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()])
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'latin1') }
}

callSpec('FAC-REC-01_ZIP_files_of_recordings_are_prepared_fetched_and_deleted_in_the_portal', async (w) => {
  const company = await recorded(w)
  const page = await w.as('recordings', company)
  await page.goto('/')
  await shows(page.getByRole('heading', { name: 'Call recordings' }))
  const choose = page.getByRole('main').getByRole('checkbox')
  await shows(choose.nth(2))
  assert.equal(await choose.count(), 3)

  // Not without the account's permission.
  let dialog = await drawer(page)
  await shows(dialog.getByText('No ZIP file has been prepared yet.'))
  await dialog.getByRole('button', { name: 'Prepare a ZIP file of what the list shows' }).click()
  await shows(dialog.getByText('no indirect download'))
  await company.api.put(company.path('/recording-settings'), { enabled: true, indirect: true })

  await dialog.getByRole('button', { name: 'Prepare a ZIP file of what the list shows' }).click()
  const rows = dialog.getByRole('row')
  await shows(rows.nth(1).getByText('ready'))
  await shows(rows.nth(1).getByText(/kept until/))
  await shows(rows.nth(1).getByRole('cell', { name: '3', exact: true }))
  await page.mouse.move(0, 0)
  await w.settled(page)
  assert.deepEqual((await examine(page, 'prepared ZIP files')).found, [])
  const zip = await fetched(page, () => rows.nth(1).getByRole('link', { name: 'Download' }).click())
  assert.match(zip.name, /^recordings-\d{8}-\d{6}\.zip$/)
  assert.ok(zip.text.startsWith('PK'))
  assert.equal(zip.text.split(/PK\x01\x02/).length - 1, 4) // three recordings and their list

  // A selection, the newest first.
  await page.keyboard.press('Escape')
  await gone(dialog)
  await choose.first().check()
  dialog = await drawer(page)
  await dialog.getByRole('button', { name: 'Prepare a ZIP file of 1 recordings' }).click()
  await shows(rows.nth(2))
  await shows(rows.nth(1).getByText('ready'))
  await shows(rows.nth(1).getByRole('cell', { name: '1', exact: true }))

  await rows.nth(2).getByRole('button', { name: 'Delete' }).click()
  await shows(page.getByText('Delete this ZIP file? The recordings stay.'))
  await page.getByRole('button', { name: 'Delete' }).last().click()
  await gone(rows.nth(2))
  await page.reload()
  await shows(choose.nth(2)) // the recordings are all there
  dialog = await drawer(page)
  await shows(rows.nth(1).getByText('ready'))
  await gone(rows.nth(2))

  // A user has the own ones and sees none of others.
  const own = await w.as('own-recordings', company, { user: '102' })
  await own.goto('/')
  await shows(own.getByRole('main').getByRole('checkbox').first())
  const mine = await drawer(own)
  await shows(mine.getByText('No ZIP file has been prepared yet.'))
  await mine.getByRole('button', { name: 'Prepare a ZIP file of what the list shows' }).click()
  await shows(mine.getByRole('row').nth(1).getByText('ready'))
  await shows(mine.getByRole('row').nth(1).getByRole('cell', { name: '1', exact: true }))
  await own.keyboard.press('Escape')
  await gone(mine)
  await gone(own.getByRole('button', { name: /^Delete/ }))

  // Who only reads fetches what there is.
  const reader = await w.as('readonly', company)
  await reader.goto(`/accounts/${company.id}/recordings`)
  const all = await drawer(reader)
  await shows(all.getByRole('row').nth(2))
  await gone(all.getByRole('button', { name: /Prepare a ZIP|Delete/ }))
  const again = await fetched(reader, () => all.getByRole('row').nth(1).getByRole('link', { name: 'Download' }).click())
  assert.ok(again.text.startsWith('PK'))
})
