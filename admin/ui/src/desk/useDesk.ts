import { useQuery } from '@tanstack/react-query'
import { deskQuery, usePlace } from '../account/place'
import { useSession } from '../session/session'

/** useDesk is what the user who is logged in sees of themselves. */
export function useDesk() {
  const { account } = usePlace()
  const user = useSession()?.user ?? ''
  return { account, user, ...useQuery({ ...deskQuery(account, user), enabled: account > 0 && user !== '' }) }
}
