import { Anchor, Breadcrumbs, Stack, Text } from '@mantine/core'
import { Link, Outlet } from 'react-router'
import { ProblemAlert } from '../layout/Problem'
import { Sided } from '../layout/Sided'
import { useMessages } from '../messages'
import { useSession } from '../session/session'
import { SectionNav } from './SectionNav'
import { useAccount, useAccountId } from './useAccount'

/** Account is the home of an account: its name, its sections at the side, and the one that is open. */
export function Account() {
  const { t } = useMessages()
  const id = useAccountId()
  const me = useSession()
  const account = useAccount()
  return (
    <Stack>
      {!me?.account && (
        <Breadcrumbs>
          <Anchor component={Link} to="/" size="sm">
            {t('customers.title')}
          </Anchor>
          <Text size="sm">{account.data?.value.name}</Text>
        </Breadcrumbs>
      )}
      <ProblemAlert error={account.error} />
      <Sided title={account.data?.value.name ?? ' '} nav={(onGo) => <SectionNav account={id} onGo={onGo} />}>
        <Outlet />
      </Sided>
    </Stack>
  )
}
