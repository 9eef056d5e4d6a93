import { Breadcrumbs, Stack, Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate, useParams } from 'react-router'
import { api, row } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages } from '../messages'
import { useSession } from '../session/session'

const tabs = ['overview', 'extensions', 'numbers', 'plans', 'channels', 'privacy', 'calls', 'logins', 'audit', 'details'] as const

/** useAccountId is the account whose pages are open. */
export function useAccountId(): number {
  return Number(useParams().account)
}

/** useAccount is its settings. */
export function useAccount() {
  const account = useAccountId()
  return useQuery({ queryKey: ['account', account], queryFn: () => row(api.GET('/api/v1/accounts/{account}', { params: { path: { account } } })) })
}

/** Account is the home of an account: its name and its tabs. */
export function Account() {
  const { t } = useMessages()
  const id = useAccountId()
  const me = useSession()
  const go = useNavigate()
  const at = useLocation().pathname.split('/')[3] ?? 'overview'
  const account = useAccount()
  return (
    <Stack>
      {!me?.account && (
        <Breadcrumbs>
          <Link to="/">{t('customers.title')}</Link>
          <span>{account.data?.value.name}</span>
        </Breadcrumbs>
      )}
      <Title order={1} size="h2">
        {account.data?.value.name ?? ' '}
      </Title>
      <ProblemAlert error={account.error} />
      <Tabs value={at || 'overview'} onChange={(v) => void go(`/accounts/${id}${v && v !== 'overview' ? `/${v}` : ''}`)}>
        <Tabs.List>
          {tabs.map((x) => (
            <Tabs.Tab key={x} value={x}>
              {t(`tab.${x}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      <Outlet />
    </Stack>
  )
}
