import type { Schemas } from '../../api/client'
import type { Kind } from '../../forms/fields/extensions'
import type { Value } from '../../forms/SchemaForm'

// What a new one of a kind begins with, where the API has no default of its own.
const first: Partial<Record<Kind, Value>> = {
  authentication: { by: 'pin' },
  location: { by: 'area_code' },
  queue: { strategy: 'longest_idle' },
  limit: { calls: 10 },
  system: { function: 'numbering-plan' },
}

/** start is what the form of a new extension of a kind begins with. */
export function start(kind: Kind): Value {
  return { kind, [kind]: first[kind] ?? {} }
}

/** body is what is sent of a form: the part of its kind, and of what was read only what can be written. */
export function body(v: Value): Schemas['Extension'] {
  const kind = String(v.kind)
  const part = { ...((v[kind] as Value | undefined) ?? {}) }
  if (kind === 'queue') part.members = ((part.members as Value[] | undefined) ?? []).map(({ active: _a, since: _s, paused: _p, ...m }) => m)
  return { number: v.number, name: v.name, kind, [kind]: part } as unknown as Schemas['Extension']
}
