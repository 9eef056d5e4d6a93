import type { Value } from './SchemaForm'

/** steps of a path such as user.forwards.busy[0]. */
function steps(path: string): (string | number)[] {
  return path.split(/[.[\]]+/).filter(Boolean).map((s) => (/^\d+$/.test(s) ? Number(s) : s))
}

/** getAt is what a value has at a path. */
export function getAt(value: unknown, path: string): unknown {
  return steps(path).reduce<unknown>((v, s) => (v == null ? undefined : (v as Record<string | number, unknown>)[s]), value)
}

/** setAt is the value with something else at a path; undefined takes it away. */
export function setAt(value: Value, path: string, to: unknown): Value {
  const put = (v: unknown, [s, ...rest]: (string | number)[]): unknown => {
    if (s === undefined) return to
    if (typeof s === 'number') {
      const list = [...((v as unknown[] | undefined) ?? [])]
      list[s] = put(list[s], rest)
      return list
    }
    const out = { ...((v as Value | undefined) ?? {}) }
    const at = put(out[s], rest)
    if (at === undefined) delete out[s]
    else out[s] = at
    return out
  }
  return put(value, steps(path)) as Value
}

export type Change = { path: string; from: unknown; to: unknown }

function isObject(v: unknown): v is Value {
  return typeof v === 'object' && v !== null && !Array.isArray(v)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
}

/** changes are the fields in which two values differ; a list is one field. */
export function changes(from: unknown, to: unknown, path = ''): Change[] {
  if (isObject(from) || isObject(to)) {
    const [a, b] = [(from ?? {}) as Value, (to ?? {}) as Value]
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((k) => changes(a[k], b[k], path ? `${path}.${k}` : k))
  }
  return same(from, to) ? [] : [{ path, from, to }]
}

/** merge is theirs with what somebody changed from base to mine. */
export function merge(base: Value, mine: Value, theirs: Value): Value {
  return changes(base, mine).reduce((v, c) => setAt(v, c.path, c.to), theirs)
}
