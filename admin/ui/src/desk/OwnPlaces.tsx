import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { AgentControls } from '../account/queues/AgentControls'
import type { Schemas } from '../api/client'
import { Lamp } from '../live/Lamp'
import type { Picture } from '../live/picture'
import { liveTexts } from '../live/texts'
import { useTexts } from '../messages'
import { deskTexts } from './texts'

/** OwnPhones are the phones on which the user is logged in. */
export function OwnPhones({ devices, picture }: { devices: Schemas['UserDevice'][]; picture: Picture | null }) {
  const t = useTexts(deskTexts)
  const live = useTexts(liveTexts)
  return (
    <Paper withBorder p="lg">
      <Title order={2} size="h4" mb="sm">
        {t('phones')}
      </Title>
      {devices.length === 0 && <Text c="dimmed">{t('phones.empty')}</Text>}
      <Stack gap="sm">
        {devices.map((d) => {
          const on = picture ? picture.phones.some((p) => p.channel === d.channel) : d.registered
          return (
            <Group key={d.channel} justify="space-between" wrap="nowrap">
              <div>
                <Text fw={500}>
                  {d.description || d.channel}
                  {d.linked && ` (${t('linked')})`}
                </Text>
                <Text size="xs" c="dimmed">
                  {d.user_agent || d.channel}
                </Text>
              </div>
              <Lamp color={on ? 'green' : 'gray'}>{live(on ? 'registered' : 'unregistered')}</Lamp>
            </Group>
          )
        })}
      </Stack>
    </Paper>
  )
}

/** OwnQueues are the queues in which the user is an agent or may become one. */
export function OwnQueues({ queues, user, name }: { queues: Schemas['UserQueue'][]; user: string; name: string }) {
  const t = useTexts(deskTexts)
  return (
    <Paper withBorder p="lg">
      <Title order={2} size="h4" mb="sm">
        {t('queues')}
      </Title>
      {queues.length === 0 && <Text c="dimmed">{t('queues.empty')}</Text>}
      <Stack gap="sm">
        {queues.map((q) => (
          <Group key={q.queue} justify="space-between" wrap="nowrap">
            <div>
              <Text fw={500}>
                {q.queue} {q.name}
              </Text>
              {q.paused && (
                <Text size="xs" c="dimmed">
                  {q.paused}
                </Text>
              )}
            </div>
            <AgentControls queue={q.queue} agent={user} who={`${name} ${q.queue}`} active={q.active} paused={q.paused} />
          </Group>
        ))}
      </Stack>
    </Paper>
  )
}
