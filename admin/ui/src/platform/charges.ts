import { api, data, ProblemError, row, type Schemas } from '../api/client'
import type { Value } from '../forms/SchemaForm'

export type Tariff = Schemas['Tariff']

export const tariffKey = ['tariffs']

/** readTariffs are all of them, with the ETag of the whole. */
export async function readTariffs() {
  const { value, etag } = await row(api.GET('/api/v1/tariffs'))
  return { items: value.items ?? [], etag }
}

/** writeTariffs replaces all that there were with this ETag. */
export function writeTariffs(items: Tariff[], etag: string) {
  return data(api.PUT('/api/v1/tariffs', { params: { header: { 'If-Match': etag } }, body: { items } }))
}

/** stamp is what a row has instead of an ETag of its own. */
const stamp = (t: Tariff) => JSON.stringify(t)

/** readTariff is one of them by its prefix. */
export async function readTariff(prefix: string) {
  const found = (await readTariffs()).items.find((t) => t.prefix === prefix)
  if (!found) throw new ProblemError({ status: 404, detail: `${prefix} not found` })
  return { value: found as unknown as Value, etag: stamp(found) }
}

/** changeTariff puts one in the place of another, or adds it (was ''), or takes one away (to null). The others stay as they are by now. */
export async function changeTariff(prefix: string, was: string, to: Tariff | null) {
  const now = await readTariffs()
  const other = (t: Tariff) => t.prefix !== prefix
  const before = now.items.find((t) => !other(t))
  if (was && (!before || stamp(before) !== was)) throw new ProblemError({ status: 412 })
  const rest = was ? now.items.filter(other) : now.items
  try {
    return await writeTariffs(to ? [...rest, to] : rest, now.etag)
  } catch (e) {
    if (!(e instanceof ProblemError)) throw e
    // What is wrong can only be what is new.
    const errors = e.problem.errors?.map((x) => ({ ...x, location: x.location?.replace(/items\[\d+\]\.?/, '') ?? '' })) ?? null
    throw new ProblemError({ ...e.problem, errors })
  }
}

const columns = ['prefix', 'name', 'currency', 'per_call', 'per_minute', 'first', 'step'] as const

/** tariffsCSV writes them as comma-separated text with a head. */
export function tariffsCSV(items: Tariff[]): string {
  const cell = (v: unknown) => (/[",;\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : String(v))
  return [columns.join(','), ...items.map((t) => columns.map((c) => cell(t[c] ?? '')).join(','))].join('\n') + '\n'
}

/** cells splits a line of comma- or semicolon-separated text. */
function cells(line: string, separator: string): string[] {
  const out: string[] = []
  for (const m of line.matchAll(new RegExp(`(?:^|${separator})(?:"((?:[^"]|"")*)"|([^${separator}]*))`, 'g'))) out.push((m[1]?.replaceAll('""', '"') ?? m[2] ?? '').trim())
  return out
}

/** parseTariffs reads such text; which columns there are is said by its head. What is wrong in a row is for the API to say. */
export function parseTariffs(text: string): Tariff[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).filter((l) => l.trim() !== '')
  const separator = (lines[0] ?? '').includes(';') ? ';' : ','
  const head = cells((lines[0] ?? '').toLowerCase(), separator)
  return lines.slice(1).map((line) => {
    const got = cells(line, separator)
    const of = (name: (typeof columns)[number]) => got[head.indexOf(name)]
    const number = (name: 'first' | 'step') => (of(name) ? { [name]: Number(of(name)) } : {})
    const amount = (name: 'per_call' | 'per_minute') => (of(name) ? { [name]: of(name)!.replace(',', '.') } : {})
    return { prefix: of('prefix') ?? '', name: of('name') ?? '', ...(of('currency') ? { currency: of('currency') } : {}), ...amount('per_call'), ...amount('per_minute'), ...number('first'), ...number('step') } as Tariff
  })
}
