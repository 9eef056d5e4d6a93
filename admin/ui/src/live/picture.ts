import type { Schemas } from '../api/client'

/** Picture is what goes on in an account, as far as somebody may see it. */
export type Picture = {
  calls: Schemas['LiveCall'][]
  phones: Schemas['Registration'][]
  states: Record<string, Schemas['UserState']['state']>
  queues: Record<string, Schemas['QueueBoard']>
}

export const liveEvents = ['snapshot', 'call', 'ended', 'registered', 'unregistered', 'state', 'board', 'gone'] as const

type PhoneKey = Pick<Schemas['Registration'], 'channel' | 'engine' | 'contact'>

const samePhone = (a: PhoneKey) => (b: PhoneKey) => a.channel === b.channel && a.engine === b.engine && a.contact === b.contact

function put<T>(list: T[], same: (x: T) => boolean, value: T): T[] {
  return list.some(same) ? list.map((x) => (same(x) ? value : x)) : [...list, value]
}

/** applied is the picture after an event; null: there was no snapshot yet. */
export function applied(p: Picture | null, name: string, data: unknown): Picture | null {
  if (name === 'snapshot') {
    const s = data as Schemas['LiveSnapshot']
    return {
      calls: s.calls ?? [],
      phones: s.registrations ?? [],
      states: Object.fromEntries((s.states ?? []).map((x) => [x.extension, x.state])),
      queues: Object.fromEntries((s.queues ?? []).map((q) => [q.queue, q])),
    }
  }
  if (!p) return null
  switch (name) {
    case 'call': {
      const call = data as Schemas['LiveCall']
      return { ...p, calls: put(p.calls, (c) => c.id === call.id, call) }
    }
    case 'ended':
      return { ...p, calls: p.calls.filter((c) => c.id !== (data as Schemas['EndedCall']).call) }
    case 'registered': {
      const phone = data as Schemas['Registration']
      return { ...p, phones: put(p.phones, samePhone(phone), phone) }
    }
    case 'unregistered': {
      const gone = samePhone(data as PhoneKey)
      return { ...p, phones: p.phones.filter((x) => !gone(x)) }
    }
    case 'state': {
      const s = data as Schemas['UserState']
      return { ...p, states: { ...p.states, [s.extension]: s.state } }
    }
    case 'board': {
      const q = data as Schemas['QueueBoard']
      return { ...p, queues: { ...p.queues, [q.queue]: q } }
    }
    case 'gone':
      return { ...p, queues: Object.fromEntries(Object.entries(p.queues).filter(([n]) => n !== (data as Schemas['GoneQueue']).queue)) }
  }
  return p
}
