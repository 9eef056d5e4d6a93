import { useDebouncedValue } from '@mantine/hooks'
import { useQueries, useQuery } from '@tanstack/react-query'
import { useAccountId } from '../../account/useAccount'
import { api, data, type Schemas } from '../../api/client'

export type Kind = Schemas['Extension']['kind']

// In the order in which they are offered; all of them, or it does not compile.
const order: Record<Kind, number> = { user: 1, group: 2, ivr: 3, queue: 4, voicemail: 5, time: 6, location: 7, forward: 8, auto_answer: 9, limit: 10, authentication: 11, picker: 12, ai: 13, system: 14 }

/** kinds are what an extension can be. */
export const kinds = Object.keys(order) as Kind[]

export type Summary = Schemas['ExtensionSummary']

/** useExtensionSearch gives the extensions that fit what is typed. */
export function useExtensionSearch(typed: string, kind: Kind | undefined, enabled: boolean): Summary[] {
  const account = useAccountId()
  const [search] = useDebouncedValue(typed, 150)
  return (
    useQuery({
      queryKey: ['extensions', account, 'search', kind, search],
      enabled,
      staleTime: 30_000,
      placeholderData: (before) => before,
      queryFn: () => data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { search, kind, limit: 20 } } })),
    }).data?.items ?? []
  )
}

/** useExtensionNames knows extensions by their numbers; what is no extension is not in it. */
export function useExtensionNames(numbers: string[]): Map<string, Summary> {
  const account = useAccountId()
  const asked = [...new Set(numbers)].filter((n) => /^\d{2,5}$/.test(n))
  const found = useQueries({
    queries: asked.map((number) => ({
      queryKey: ['extensions', account, 'name', number],
      staleTime: 60_000,
      queryFn: async () => {
        const page = await data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { search: number, limit: 1 } } }))
        return page.items?.find((e) => e.number === number) ?? null
      },
    })),
  })
  return new Map(found.flatMap((q) => (q.data ? [[q.data.number, q.data] as const] : [])))
}
