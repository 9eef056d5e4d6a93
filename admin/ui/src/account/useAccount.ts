import { queryOptions, useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { api, row } from '../api/client'

/** useAccountId is the account whose pages are open. */
export function useAccountId(): number {
  return Number(useParams().account)
}

/** accountQuery asks for the settings of an account. */
export function accountQuery(account: number) {
  return queryOptions({ queryKey: ['account', account], queryFn: () => row(api.GET('/api/v1/accounts/{account}', { params: { path: { account } } })) })
}

/** useAccount is its settings. */
export function useAccount() {
  return useQuery(accountQuery(useAccountId()))
}
