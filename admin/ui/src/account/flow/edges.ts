import type { Schemas } from '../../api/client'
import type { FlowText } from '../../messages/flow'

type Extension = Schemas['Extension']

/** Lead is where an extension sends calls, and when. */
export type Lead = { to: string; why: string }

function forwards(f: Schemas['Forwards'] | undefined, t: FlowText): Lead[] {
  return (['always', 'busy', 'no_answer', 'unreachable', 'rejected'] as const).flatMap((k) => (f?.[k] ?? []).map((to) => ({ to, why: t(k) })))
}

/** tableLeads are the destinations of a table, each once with the first of its keys. */
function tableLeads(csv: string): Lead[] {
  const by = new Map<string, string[]>()
  for (const line of csv.trim().split('\n').slice(1, 2000)) {
    const [key, to] = line.split(',')
    if (key && to) by.set(to, [...(by.get(to) ?? []), key])
  }
  return [...by].map(([to, keys]) => ({ to, why: keys.slice(0, 3).join(', ') + (keys.length > 3 ? ` +${keys.length - 3}` : '') }))
}

/** leads are all destinations of an extension; table is that of a location-based routing. */
export function leads(e: Extension, table: string, t: FlowText): Lead[] {
  const one = (to: string | undefined, why: string): Lead[] => (to ? [{ to, why }] : [])
  switch (e.kind) {
    case 'user':
      return forwards(e.user?.forwards, t)
    case 'group':
      return forwards(e.group?.forwards, t)
    case 'ivr':
      return [...(e.ivr?.options ?? []).map((o) => ({ to: o.destination, why: t('key', { digits: o.digits }) })), ...one(e.ivr?.fallback, t('else'))]
    case 'queue':
      return [
        ...(e.queue?.forward ?? []).map((to) => ({ to, why: t('full') })),
        ...(e.queue?.no_agent ?? []).map((to) => ({ to, why: t('no_agent') })),
        ...one(e.queue?.breakout, t('breakout')),
      ]
    case 'time':
      return [
        ...(e.time?.periods ?? []).map((p) => ({ to: p.destination, why: p.description || `${p.start_time}–${p.end_time}` })),
        ...one(e.time?.failover, t('else')),
      ]
    case 'location':
      return [...tableLeads(table), ...one(e.location?.mobile, t('mobile')), ...one(e.location?.blocked, t('blocked')), ...one(e.location?.fallback, t('else'))]
    case 'authentication':
      return [...[...new Set((e.authentication?.entries ?? []).map((x) => x.destination))].map((to) => ({ to, why: t('known') })), ...one(e.authentication?.fallback, t('else'))]
    case 'limit':
      return [...one(e.limit?.within, t('within')), ...one(e.limit?.above, t('above'))]
    case 'picker':
      return one(e.picker?.fallback, t('else'))
    case 'ai':
      return one(e.ai?.fallback, t('else'))
    case 'forward':
      return one(e.forward?.number, '')
    default:
      return []
  }
}
