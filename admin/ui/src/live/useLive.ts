import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { api } from '../api/client'
import { pathOf } from '../api/paths'
import { sessionKey, useSession } from '../session/session'
import { applied, liveEvents, type Picture } from './picture'
import { openStream, type StreamState } from './stream'

export type Live = { picture: Picture | null; state: StreamState }

const nothing: Live = { picture: null, state: 'connecting' }

/** Watch is the one stream of an account, for all parts of a page that look at it. */
class Watch {
  live = nothing
  private readers = new Set<() => void>()
  private close: (() => void) | null = null

  constructor(
    private account: number,
    private ended: () => void,
  ) {}

  subscribe(tell: () => void): () => void {
    this.readers.add(tell)
    this.close ??= openStream({
      url: pathOf('/api/v1/accounts/{account}/live', { account: this.account }),
      events: liveEvents,
      onEvent: (name, data) => this.set({ picture: applied(this.live.picture, name, data), state: 'open' }),
      onState: (state) => state !== this.live.state && this.set({ ...this.live, state }),
      mayGoOn: async () => {
        const { response } = await api.GET('/api/v1/session')
        if (response.status !== 401) return true
        this.ended()
        return false
      },
    })
    return () => {
      this.readers.delete(tell)
      if (this.readers.size > 0) return
      this.close?.()
      this.close = null
      this.live = nothing
    }
  }

  private set(live: Live) {
    this.live = live
    this.readers.forEach((tell) => tell())
  }
}

const watches = new Map<string, Watch>()

/** useLive is what goes on in an account now: one stream of events for all who use it, none while nobody does. */
export function useLive(account: number): Live {
  const client = useQueryClient()
  const me = useSession()
  const who = me ? `${me.login}/${me.role}` : '' // with another session it begins anew
  const watch = useCallback((): Watch | null => {
    if (!who || !account) return null
    const key = `${account} ${who}`
    let w = watches.get(key)
    if (!w) watches.set(key, (w = new Watch(account, () => void client.invalidateQueries({ queryKey: sessionKey }))))
    return w
  }, [account, who, client])
  const subscribe = useCallback((tell: () => void) => watch()?.subscribe(tell) ?? (() => {}), [watch])
  return useSyncExternalStore(subscribe, () => watch()?.live ?? nothing)
}
