import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, data, ProblemError, type Schemas } from '../api/client'

export const sessionKey = ['session'] as const

export type Me = Schemas['Me']

/** sessionQuery asks who is logged in. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  retry: false,
  staleTime: 60_000,
  queryFn: async (): Promise<Me | null> => {
    try {
      return await data(api.GET('/api/v1/session'))
    } catch (e) {
      if (e instanceof ProblemError && e.status === 401) return null
      throw e
    }
  },
})

/** useSession tells who is logged in; null: nobody; undefined: not known yet. */
export function useSession(): Me | null | undefined {
  return useQuery(sessionQuery).data
}
