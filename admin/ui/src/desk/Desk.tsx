import { Alert, Badge, Container, Group, SimpleGrid, Stack, Tabs, Text, Title } from '@mantine/core'
import { useNavigate, useParams } from 'react-router'
import { Results } from '../account/assistant/Results'
import { Mailboxes, useMailboxes } from '../account/voicemail/Mailboxes'
import { ProblemAlert } from '../layout/Problem'
import { Connection } from '../live/Connection'
import { useLive } from '../live/useLive'
import { UserLamp } from '../live/UserLamp'
import { useTexts } from '../messages'
import { OwnCalls } from './OwnCalls'
import { OwnPhones, OwnQueues } from './OwnPlaces'
import { Pins } from './Pins'
import { ReachForm } from './ReachForm'
import { deskTexts } from './texts'
import { useDesk } from './useDesk'

const views = ['overview', 'voicemail', 'calls', 'assistant', 'pin'] as const

/** Desk is everything that a user has of the portal: how they are reached, their messages, calls, phones and PINs. */
export function Desk() {
  const t = useTexts(deskTexts)
  const { view = 'overview' } = useParams()
  const go = useNavigate()
  const { account, user, data, error } = useDesk()
  const live = useLive(account)
  const unheard = useMailboxes().data?.items?.reduce((n, b) => n + b.unheard, 0) ?? 0
  if (!data) return <ProblemAlert error={error} />
  const desk = data.value
  const always = desk.reach.forwards.always ?? []
  const registered = live.picture ? live.picture.phones.length > 0 : (desk.devices ?? []).some((d) => d.registered)
  return (
    <Container size="lg" px={0}>
      <Stack>
        <Group justify="space-between">
          <div>
            <Title order={1} size="h2">
              {t('hello', { name: desk.name || user, number: desk.number })}
            </Title>
            <Group gap="md" mt={4}>
              <Text c="dimmed" size="sm">
                {desk.company}
              </Text>
              <UserLamp picture={live.picture} user={user} registered={registered} />
            </Group>
          </div>
          <Connection state={live.state} />
        </Group>
        {always.length > 0 && <Alert color="orange">{t('on', { where: always.join(', ') })}</Alert>}
        {desk.pin_change && <Alert>{t('pin.first')}</Alert>}
        <Tabs value={view} onChange={(v) => void go(v === 'overview' ? '/me' : `/me/${v}`)} keepMounted={false}>
          <Tabs.List mb="md">
            {views.map((v) => (
              <Tabs.Tab key={v} value={v} rightSection={v === 'voicemail' && unheard > 0 ? <Badge size="sm">{unheard}</Badge> : undefined}>
                {t(v)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="overview">
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
              <ReachForm key={data.etag} desk={desk} etag={data.etag} />
              <Stack gap="lg">
                <OwnPhones devices={desk.devices ?? []} picture={live.picture} />
                <OwnQueues queues={desk.queues ?? []} user={user} name={desk.name || user} />
              </Stack>
            </SimpleGrid>
          </Tabs.Panel>
          <Tabs.Panel value="voicemail">
            <Mailboxes />
          </Tabs.Panel>
          <Tabs.Panel value="calls">
            <OwnCalls />
          </Tabs.Panel>
          <Tabs.Panel value="assistant">
            <Results mayDelete />
          </Tabs.Panel>
          <Tabs.Panel value="pin">
            <Pins />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </Container>
  )
}
