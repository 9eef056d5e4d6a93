// The first attempt to reconnect comes soon, later ones rarer: a service that restarts is not run over.
const firstDelay = 500
const longestDelay = 15_000

export type StreamState = 'connecting' | 'open' | 'waiting' | 'ended'

export type StreamOptions = {
  url: string
  /** Names of the events that are wanted. */
  events: readonly string[]
  onEvent: (name: string, data: unknown) => void
  onState: (s: StreamState) => void
  /** Whether the session still holds; asked when the service refuses. */
  mayGoOn: () => Promise<boolean>
}

/**
 * openStream listens to server-sent events until the function that it returns is called. It reconnects by itself, rests
 * while nobody looks at the page, and ends with the session. Every connection begins with a snapshot, so that nothing is missed.
 */
export function openStream(o: StreamOptions): () => void {
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let delay = firstDelay
  let closed = false

  const stop = () => {
    clearTimeout(timer)
    source?.close()
    source = null
  }
  const later = () => {
    stop()
    o.onState('waiting')
    timer = setTimeout(start, delay * (0.5 + Math.random()))
    delay = Math.min(delay * 2, longestDelay)
  }
  const start = () => {
    stop()
    if (closed || document.hidden) return
    o.onState('connecting')
    const s = new EventSource(o.url)
    source = s
    for (const name of o.events) {
      s.addEventListener(name, (e) => {
        delay = firstDelay
        o.onState('open')
        o.onEvent(name, JSON.parse((e as MessageEvent<string>).data))
      })
    }
    s.onerror = () => {
      if (source !== s) return
      const refused = s.readyState === EventSource.CLOSED
      later()
      if (!refused) return
      void o.mayGoOn().then((yes) => {
        if (yes || closed) return
        stop()
        o.onState('ended')
      })
    }
  }
  const seen = () => {
    if (!document.hidden) {
      delay = firstDelay
      return start()
    }
    stop()
    o.onState('waiting')
  }
  document.addEventListener('visibilitychange', seen)
  start()
  return () => {
    closed = true
    document.removeEventListener('visibilitychange', seen)
    stop()
  }
}
