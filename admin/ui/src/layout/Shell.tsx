import { ActionIcon, Anchor, AppShell, Button, Group, SegmentedControl, Text, useMantineColorScheme } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet } from 'react-router'
import { api, data } from '../api/client'
import { languages, useMessages, type Language } from '../messages'
import { Gate } from '../session/Gate'
import { sessionKey, useSession } from '../session/session'

/** Shell is around every page: the way home, language, colours, and out. */
export function Shell() {
  return (
    <Gate>
      <Frame />
    </Gate>
  )
}

function Frame() {
  const { t, language, setLanguage } = useMessages()
  const { toggleColorScheme } = useMantineColorScheme()
  const client = useQueryClient()
  const me = useSession()
  const out = useMutation({
    mutationFn: () => data(api.DELETE('/api/v1/session')),
    onSettled: () => {
      client.clear()
      client.setQueryData(sessionKey, null)
      location.assign('/')
    },
  })
  return (
    <AppShell header={{ height: 56 }} padding="md">
      <Anchor href="#content" className="skip" style={{ position: 'absolute', left: -9999 }}>
        {t('app.skip')}
      </Anchor>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Anchor component={Link} to="/" fw={700} size="lg" underline="never">
            Callplane
          </Anchor>
          <Group gap="sm" wrap="nowrap">
            <SegmentedControl
              size="xs"
              aria-label={t('app.language')}
              value={language}
              onChange={(v) => setLanguage(v as Language)}
              data={Object.keys(languages).map((l) => ({ value: l, label: l.toUpperCase() }))}
            />
            <ActionIcon variant="default" aria-label={t('app.theme')} onClick={toggleColorScheme}>
              ◐
            </ActionIcon>
            <Text size="sm" visibleFrom="sm">
              {me?.name}
            </Text>
            <Button size="xs" variant="default" onClick={() => out.mutate()}>
              {t('login.out')}
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main id="content">
        <Outlet />
      </AppShell.Main>
    </AppShell>
  )
}
