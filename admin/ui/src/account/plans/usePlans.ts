import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, data } from '../../api/client'
import { useAccountId } from '../useAccount'

/** usePlans are the plans of a scheme. */
export function usePlans(scheme: number) {
  const account = useAccountId()
  return useQuery({ queryKey: ['scheme', account, scheme, 'plans'], queryFn: () => data(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/plans', { params: { path: { account, scheme } } })) })
}

/** useSchemeChanged has everything of a scheme asked for again. */
export function useSchemeChanged(scheme: number) {
  const account = useAccountId()
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['scheme', account, scheme] })
}
