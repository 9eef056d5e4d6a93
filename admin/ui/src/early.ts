import type { paths } from './api/schema'

declare global {
  interface Window {
    /** Answers that were asked for before the portal was read, by path. */
    early?: Map<string, Promise<Response>>
  }
}

/** ask is what the portal will ask for, in the language that it will be in. */
function ask<P extends keyof paths>(path: P, filled: string = path) {
  const language = localStorage.getItem('callplane.language')
  window.early!.set(filled, fetch(filled, language ? { headers: { 'Accept-Language': language } } : {}))
}

// It is in the page itself: what the first page shows is on its way before the portal has come and has been read.
window.early = new Map()
const [, account, list] = /^\/accounts\/(\d+)(\/extensions$)?/.exec(location.pathname) ?? []
ask('/api/v1/session')
if (account) ask('/api/v1/accounts/{account}', `/api/v1/accounts/${account}`)
if (account && list && !location.search) ask('/api/v1/accounts/{account}/extensions', `/api/v1/accounts/${account}/extensions?limit=50`)
