import type { Schemas } from '../../api/client'
import { plusDays, startOf } from '../zone'

export type Filter = { from: string; to: string; user: string; number: string; direction: string }

export const everything: Filter = { from: '', to: '', user: '', number: '', direction: '' }

/** queryOf is a filter as the API is asked. */
export function queryOf(f: Filter, zone: string | undefined) {
  return {
    ...(f.from && { from: startOf(f.from, zone).toISOString() }),
    ...(f.to && { to: startOf(plusDays(f.to, 1), zone).toISOString() }),
    ...(/^\d{2,5}$/.test(f.user) && { user: f.user }),
    ...(f.number && { number: f.number }),
    ...(f.direction && { direction: f.direction as Schemas['Recording']['direction'] }),
  }
}
