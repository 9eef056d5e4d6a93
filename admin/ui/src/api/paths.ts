import type { paths } from './schema'

type Value = string | number | string[] | undefined

/** pathOf fills a path of the API in, for what the browser itself asks for: streams, downloads. */
export function pathOf(path: keyof paths, params: Record<string, string | number>, query: Record<string, Value> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const asked = Object.entries(query).flatMap(([k, v]) => (v === undefined || v === '' ? [] : [v].flat().map((x) => [k, String(x)])))
  return asked.length > 0 ? `${filled}?${new URLSearchParams(asked)}` : filled
}
