import { Form, List } from '../pages/portal.js'
import { assert, shows } from '../runner/expect.js'
import { spec } from '../runner/spec.js'

spec('what_is_refused_is_said_in_the_language_of_the_portal', async (w) => {
  const company = await w.company()
  await company.user('101', 'Ann Baker')
  await w.api.post(company.path('/extensions'), { number: '300', name: 'Welcome', kind: 'ivr', ivr: { max_digits: 1, options: [{ digits: '1', destination: '101' }] } })
  const front = await w.open({ locale: 'nl-NL' })
  await front.goto('/')
  await front.getByRole('textbox', { name: 'E-mailadres' }).fill('nobody@example.com')
  await front.getByRole('textbox', { name: 'Wachtwoord' }).fill('not the password')
  await front.getByRole('button', { name: 'Inloggen' }).click()
  await shows(front.getByRole('alert').getByText(/^het adres, het wachtwoord of de code klopt niet/))
  const page = await w.as('admin', company, {}, { locale: 'nl-NL' })
  await page.goto(`/accounts/${company.id}/extensions/300`)
  const form = new Form(page, page.getByRole('dialog'))
  const goesTo = form.root.getByRole('combobox', { name: /1$/ }).or(form.root.getByRole('textbox', { name: /naar 1$/ })).first()
  await goesTo.fill('999')
  await form.button('Opslaan').click()
  await shows(form.root.getByText('toestel 999 bestaat niet'))
  await page.goto(`/accounts/${company.id}/extensions`)
  const user = await new List(page).open('101')
  await user.button('Verwijderen').click()
  await user.root.getByRole('alertdialog').getByRole('button', { name: 'Verwijderen' }).click()
  await shows(user.root.getByText('in gebruik door keuzemenu 300', { exact: true }))
  await page.goto('/accounts/999999')
  await shows(page.getByText('account 999999 is niet gevonden'))
  // The API says it in both languages with one code.
  const answer = await page.evaluate(async (path) => {
    const ask = (language: string) => fetch(path, { method: 'DELETE', headers: { 'Accept-Language': language } }).then((r) => r.json())
    return [await ask('en'), await ask('nl')]
  }, `/api/v1/accounts/${company.id}/extensions/101`)
  assert.deepEqual(answer.map((p) => [p.code, p.errors[0].code, p.errors[0].message]), [['in-use', 'used-by', 'in use by ivr 300'], ['in-use', 'used-by', 'in gebruik door keuzemenu 300']])
})
