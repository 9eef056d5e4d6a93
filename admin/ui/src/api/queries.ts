import { MutationCache, QueryCache, QueryClient, type FetchInfiniteQueryOptions, type FetchQueryOptions, type QueryKey } from '@tanstack/react-query'
import { sessionKey } from '../session/session'
import { ProblemError } from './client'

// Wherever it is found out that the session is over, the log-in is shown above what is open: nothing typed is lost.
function ended(error: unknown) {
  if (error instanceof ProblemError && error.status === 401) void queries.invalidateQueries({ queryKey: sessionKey })
}

/** queries are what was asked of the API, and the answers. */
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (e, q) => (q.queryKey[0] === sessionKey[0] ? undefined : ended(e)) }),
  mutationCache: new MutationCache({ onError: ended }),
  defaultOptions: { queries: { retry: (n, e) => n < 2 && e instanceof ProblemError && (e.status === 0 || e.status >= 500), staleTime: 5_000 } },
})

// What a page needs is asked before it is drawn, and the answers come while others are waited for. An error is seen by the page,
// which asks again.

/** ahead asks one thing. */
export function ahead<T, K extends QueryKey>(query: FetchQueryOptions<T, Error, T, K>) {
  return first(queries.prefetchQuery(query))
}

/** aheadPages asks for the beginning of a list. */
export function aheadPages<T, K extends QueryKey, P>(query: FetchInfiniteQueryOptions<T, Error, T, K, P>) {
  return first(queries.prefetchInfiniteQuery(query))
}

/** How long the first page waits for answers, so that it is drawn once and as a whole (ms). */
const patience = 150

let opened = false

/** first is what the first page waits for; those after it show what they have. */
function first(asked: Promise<void>): Promise<null> | null {
  return opened ? null : Promise.race([asked, new Promise((r) => setTimeout(r, patience))]).then(() => null)
}

/** pageIsOpen says that the first page is there. */
export function pageIsOpen() {
  opened = true
  delete window.early
}
