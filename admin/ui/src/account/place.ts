import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { api, row } from '../api/client'
import { useSession } from '../session/session'
import { accountQuery } from './useAccount'

/** deskQuery is what a user sees of themselves. */
export function deskQuery(account: number, user: string) {
  return {
    queryKey: ['desk', account, user],
    queryFn: () => row(api.GET('/api/v1/accounts/{account}/users/{user}/desk', { params: { path: { account, user } } })),
  }
}

/** Place is of which account something is shown, and below which address. */
export type Place = { account: number; base: string; zone: string | undefined }

/** usePlace is for pages that administrators find in an account, and others as their own. Who may not read the account sees the time of the browser. */
export function usePlace(): Place {
  const below = useParams().account
  const me = useSession()
  const account = Number(below ?? me?.account ?? 0)
  const settings = useQuery({ ...accountQuery(account), enabled: below !== undefined })
  const desk = useQuery({ ...deskQuery(account, me?.user ?? ''), enabled: below === undefined && me?.role === 'user' })
  return { account, base: below === undefined ? '' : `/accounts/${account}`, zone: settings.data?.value.time_zone ?? desk.data?.value.time_zone }
}
