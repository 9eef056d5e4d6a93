import { api, data, type Schemas } from '../../api/client'
import { label } from '../../forms/labels'
import type { Language } from '../../messages'
import type { FlowText } from '../../messages/flow'
import { leads } from './edges'
import { merged, type Edge, type Graph, type Node } from './layout'

/** most extensions are drawn: more can't be seen at once. */
export const most = 80

type Read = Graph & { numbers: string[]; cut: boolean }

/** readFlow asks for all that calls to the account's numbers, or to one of them, can reach. */
export async function readFlow(account: number, only: string | undefined, t: FlowText, language: Language): Promise<Read> {
  const path = { account }
  const schemes = (await data(api.GET('/api/v1/accounts/{account}/schemes', { params: { path } }))).items ?? []
  const nodes = new Map<string, Node>()
  const edges: Edge[] = []
  const next: string[] = []
  const numbers = new Set<string>()
  for (const s of schemes) {
    const of = { account, scheme: s.id }
    const [plans, active] = await Promise.all([
      data(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/plans', { params: { path: of } })),
      data(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/active', { params: { path: of } })),
    ])
    const full = await Promise.all((plans.items ?? []).map((p) => data(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', { params: { path: { ...of, plan: p.number } } }))))
    for (const plan of full) {
      for (const e of plan.entries ?? []) {
        numbers.add(e.number)
        if (only && e.number !== only) continue
        nodes.set(e.number, { id: e.number, title: e.number, sub: t('number'), kind: 'number', href: `/accounts/${account}/plans` })
        edges.push({ from: e.number, to: e.destination, label: plan.name, active: plan.number === active.plan })
        next.push(e.destination)
      }
    }
  }
  let drawn = 0
  let cut = false
  for (let wave = [...new Set(next)]; wave.length > 0; ) {
    const found = await Promise.all(wave.filter((id) => !nodes.has(id)).map((id) => readNode(account, id, t, language)))
    const after: string[] = []
    for (const f of found) {
      if (drawn >= most) {
        cut = true
        continue
      }
      drawn++
      nodes.set(f.node.id, f.node)
      for (const l of f.leads) {
        edges.push({ from: f.node.id, to: l.to, label: l.why })
        if (!nodes.has(l.to)) after.push(l.to)
      }
    }
    wave = [...new Set(after)]
  }
  return { nodes: [...nodes.values()], edges: merged(edges.filter((e) => nodes.has(e.from) && nodes.has(e.to))), numbers: [...numbers].sort(), cut }
}

async function readNode(account: number, id: string, t: FlowText, language: Language): Promise<{ node: Node; leads: { to: string; why: string }[] }> {
  const outside = { node: { id, title: id, sub: t('outside'), kind: 'outside' }, leads: [] }
  if (!/^\d{2,5}$/.test(id)) return outside
  const e = await data(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path: { account, extension: id } } })).catch(() => null)
  if (!e) return { ...outside, node: { ...outside.node, sub: t('gone') } }
  const table =
    e.kind === 'location' ? (await data(api.GET('/api/v1/accounts/{account}/locations/{location}', { params: { path: { account, location: id } } }))).csv : ''
  const node: Node = { id, title: [id, e.name].filter(Boolean).join(' '), sub: describe(e, t, language), kind: e.kind, href: `/accounts/${account}/extensions/${id}` }
  return { node, leads: leads(e, table, t) }
}

function describe(e: Schemas['Extension'], t: FlowText, language: Language): string {
  const kind = label(e.kind, language)
  if (e.kind === 'group') return `${kind} · ${t('members', { n: e.group?.members?.length ?? 0 })}`
  if (e.kind === 'queue') return `${kind} · ${t('agents', { n: e.queue?.members?.length ?? 0 })}`
  return kind
}
