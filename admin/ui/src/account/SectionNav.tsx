import { Stack, Text } from '@mantine/core'
import { useLocation } from 'react-router'
import { NavEntry } from '../layout/NavEntry'
import { useMessages } from '../messages'
import { useSession } from '../session/session'
import { groups } from './sections'

/** SectionNav are the sections of an account, in groups. */
export function SectionNav({ account, onGo }: { account: number; onGo?: (() => void) | undefined }) {
  const { t } = useMessages()
  const me = useSession()
  const at = useLocation().pathname.split('/')[3] ?? ''
  return (
    <Stack component="nav" gap="sm" aria-label={t('nav.title')}>
      {groups.map((g) => {
        const shown = g.sections.filter((s) => !s.roles || (me && s.roles.includes(me.role)))
        if (shown.length === 0) return null
        return (
          <div key={g.sections[0]!.path} role="group" aria-label={g.title && t(g.title)}>
            {g.title && (
              <Text size="xs" fw={600} c="dimmed" px="sm" pb={4}>
                {t(g.title)}
              </Text>
            )}
            {shown.map((s) => (
              <NavEntry key={s.path} to={`/accounts/${account}${s.path && `/${s.path}`}`} active={at === s.path} label={t(s.title)} onClick={onGo} />
            ))}
          </div>
        )
      })}
    </Stack>
  )
}
