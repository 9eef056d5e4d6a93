import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { launch } from './chromium.js'
import { follow, send, type Settings } from './link.js'
import { specs } from './spec.js'
import { Document } from './document.js'
import { World } from './world.js'

const folder = new URL('../specs/', import.meta.url)
for (const file of readdirSync(folder).sort()) {
  if (file.endsWith('.js')) await import(new URL(file, folder).href)
}

let started: Promise<Browser> | undefined
let read: Promise<Document> | undefined
const browser = () => (started ??= launch())

/** under are the specs that run. */
const under = new Map<number, { world: World; name: string; settings: Settings }>()

async function run(id: number, name: string, settings: Settings) {
  const spec = specs.find((s) => s.name === name)
  if (!spec) return send({ done: id, error: `there is no spec ${name}` })
  const world = new World(await browser(), id, settings, await (read ??= Document.read(settings.url)))
  under.set(id, { world, name, settings })
  let error = ''
  try {
    await spec.run(world)
    if (world.complaints().length > 0) error = world.complaints().join('\n')
  } catch (e) {
    error = [(e as Error).stack ?? String(e), ...world.complaints(), ...(await picture(world, name, settings))].join('\n')
  }
  if (!under.delete(id)) return // it was too late
  await world.close().catch((e: unknown) => (error ||= String(e)))
  send({ done: id, error })
}

/** late ends a spec that takes too long, with what its pages show. */
async function late(id: number) {
  const spec = under.get(id)
  if (!spec || !under.delete(id)) return
  const error = [...spec.world.complaints(), ...(await picture(spec.world, spec.name, spec.settings))].join('\n')
  send({ done: id, error })
  await spec.world.close().catch(() => undefined)
}

/** picture keeps what was to be seen when a spec failed, and says it in words. */
async function picture(world: World, name: string, settings: Settings): Promise<string[]> {
  const out: string[] = []
  mkdirSync(settings.pictures, { recursive: true })
  for (const [i, page] of world.pages().entries()) {
    const path = join(settings.pictures, `${settings.engine}-${name}-${i}.png`)
    try {
      await page.screenshot({ path, fullPage: true })
      out.push(`${page.url()}, see ${path}:`, await page.locator('body').ariaSnapshot({ timeout: 2_000 }))
    } catch (e) {
      out.push(`no picture of ${page.url()}: ${(e as Error).message}`)
    }
  }
  return out
}

send({ specs: specs.map(({ name, phones, maker }) => ({ name, phones, maker })) })
await follow(run, late)
await (await started)?.close()
