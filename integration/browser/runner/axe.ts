import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, Result } from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Finding is what axe has against a screen. */
export type Finding = { screen: string; impact: string; rule: string; help: string; where: string[] }

/** still waits until nothing fades in or moves any more: what is half there has other colours. What turns for ever may go on. */
const still = (page: Page) =>
  page.evaluate(async () => {
    const moves = () => document.getAnimations().some((a) => a.playState === 'running' && a.effect?.getComputedTiming().endTime !== Infinity)
    for (let calm = 0; calm < 5; calm = moves() ? 0 : calm + 1) await new Promise(requestAnimationFrame)
  })

/** examine has axe look at what a page shows: WCAG 2.2 A and AA. */
export async function examine(page: Page, screen: string): Promise<{ passed: number; found: Finding[] }> {
  await still(page)
  // As code of the test and not of the page, whose policy allows no scripts but its own.
  await page.evaluate(`typeof axe === 'undefined' && (() => { ${source} })()`)
  const result = (await page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })`)) as AxeResults
  return {
    passed: result.passes.length,
    found: result.violations.map((v: Result) => ({ screen, impact: v.impact ?? 'minor', rule: v.id, help: v.help, where: v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n').slice(1, 3).join(' ') ?? ''}`) })),
  }
}
