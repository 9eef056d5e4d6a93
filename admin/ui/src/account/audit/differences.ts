export type Difference = { path: string; before: string | undefined; after: string | undefined }

/** flat is every value of an object with its path. */
function flat(v: unknown, path: string, out: Map<string, string>) {
  if (Array.isArray(v) && v.some((x) => typeof x === 'object' && x !== null)) {
    v.forEach((x, i) => flat(x, `${path}[${i + 1}]`, out))
    return
  }
  if (typeof v === 'object' && v !== null && !Array.isArray(v)) {
    for (const [k, x] of Object.entries(v)) flat(x, path ? `${path}.${k}` : k, out)
    return
  }
  if (v === undefined || v === null || (Array.isArray(v) && v.length === 0)) return
  out.set(path, Array.isArray(v) ? v.join(', ') : String(v))
}

const quiet = new Set(['id', 'version', 'secrets_changed'])

/** differences are the fields that an entry of the audit log changed. */
export function differences(before: unknown, after: unknown): Difference[] {
  const was = new Map<string, string>()
  const is = new Map<string, string>()
  flat(before, '', was)
  flat(after, '', is)
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((p) => !quiet.has(p) && !p.startsWith('secrets_changed') && was.get(p) !== is.get(p))
    .map((path) => ({ path, before: was.get(path), after: is.get(path) }))
}

/** secrets are the fields that changed without being shown. */
export function secrets(after: unknown): string[] {
  const list = (after as { secrets_changed?: unknown } | null)?.secrets_changed
  return Array.isArray(list) ? list.map(String) : []
}
