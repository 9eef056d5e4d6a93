import { Stack } from '@mantine/core'
import { Outlet, useLocation } from 'react-router'
import { NavEntry } from '../layout/NavEntry'
import { Sided } from '../layout/Sided'
import { useMessages } from '../messages'
import { useSession } from '../session/session'
import { platformSections } from './sections'

/** Platform is what operators and partners have beside the customers' accounts. Others have one account, and go there. */
export function Platform() {
  const { t } = useMessages()
  const me = useSession()
  const at = useLocation().pathname
  if (!me || me.account) return <Outlet />
  const shown = [{ path: '/', title: 'customers.title' } as const, ...platformSections.filter((s) => s.roles.includes(me.role))]
  return (
    <Stack>
      <Sided
        title={t('platform.title')}
        nav={(onGo) => (
          <Stack component="nav" gap={0} aria-label={t('platform.nav')}>
            {shown.map((s) => (
              <NavEntry key={s.path} to={s.path} active={at === s.path} label={t(s.title)} onClick={onGo} />
            ))}
          </Stack>
        )}
      >
        <Outlet />
      </Sided>
    </Stack>
  )
}
