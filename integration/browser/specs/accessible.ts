import type { BrowserContextOptions, Page } from 'playwright-core'
import { furnished, platformTour, tour } from '../pages/tour.js'
import { examine, type Finding } from '../runner/axe.js'
import { shows } from '../runner/expect.js'
import { spec } from '../runner/spec.js'
import type { World } from '../runner/world.js'

// Colours and words are independent: light in English and dark in Dutch are every colour and every word.
for (const [name, options] of [
  ['light_English', { colorScheme: 'light', locale: 'en-GB' }],
  ['dark_Dutch', { colorScheme: 'dark', locale: 'nl-NL' }],
] as [string, BrowserContextOptions][]) {
  spec(`every_screen_is_accessible_${name}`, async (w) => {
    const found: Finding[] = []
    let screens = 0
    let passed = 0
    const looking = (page: Page) => async (screen: string) => {
      const r = await examine(page, screen)
      screens++
      passed += r.passed
      found.push(...r.found)
    }
    await everyScreen(w, options, looking)
    const count = (impact: string) => found.filter((f) => f.impact === impact).length
    await w.print(`axe, WCAG 2.2 A and AA, ${name.replace('_', ', ')}: ${screens} screens, ${passed} rules passed; violations: ${['critical', 'serious', 'moderate', 'minor'].map((i) => `${count(i)} ${i}`).join(', ')}`)
    const bad = found.filter((f) => f.impact === 'critical' || f.impact === 'serious')
    if (bad.length > 0) throw new Error(bad.map((f) => `${f.screen}: ${f.impact} ${f.rule}: ${f.help}\n  ${f.where.join('\n  ')}`).join('\n'))
  })
}

async function everyScreen(w: World, options: BrowserContextOptions, looking: (page: Page) => (screen: string) => Promise<void>) {
  const company = await furnished(w)
  const front = await w.open(options)
  await front.goto('/')
  await shows(front.getByRole('heading').first())
  await w.settled(front)
  await looking(front)('log-in')
  const page = await w.as('operator', undefined, {}, options)
  const look = looking(page)
  for (const path of ['/security', '/accounts/999999']) {
    await page.goto(path)
    await shows(page.getByRole('banner'))
    await w.settled(page)
    await look(path)
  }
  await platformTour(w, page, look)
  await tour(w, page, company.id, look)
  const own = await w.as('user', company, { user: '101' }, options)
  await own.goto('/')
  await shows(own.getByRole('heading').first())
  await w.settled(own)
  await looking(own)('user')
}
