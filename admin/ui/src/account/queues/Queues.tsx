import { Anchor, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { Connection } from '../../live/Connection'
import { useLive } from '../../live/useLive'
import { since, useNow } from '../../live/useNow'
import { useTexts } from '../../messages'
import { usePlace } from '../place'
import { span } from '../time'
import { countAgents, levelOf } from './agents'
import { queueTexts } from './texts'
import { useQueues } from './useQueues'

/** Queues are all queues of the account with what goes on in them now. */
export function Queues() {
  const t = useTexts(queueTexts)
  const { account } = usePlace()
  const queues = useQueues()
  const live = useLive(account)
  const list = queues.data?.items ?? []
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {t('title')}
        </Title>
        <Connection state={live.state} />
      </Group>
      <ProblemAlert error={queues.error} />
      {queues.isSuccess && list.length === 0 && <Empty>{t('empty')}</Empty>}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {list.map((q) => (
          <QueueCard key={q.number} queue={q} board={live.picture?.queues[q.number]} />
        ))}
      </SimpleGrid>
    </Stack>
  )
}

function QueueCard({ queue, board }: { queue: Schemas['QueueSummary']; board: Schemas['QueueBoard'] | undefined }) {
  const t = useTexts(queueTexts)
  const { base } = usePlace()
  const now = useNow()
  const agents = countAgents(board)
  const loggedIn = (board?.agents ?? []).length - (agents['logged-out'] ?? 0)
  const level = levelOf(board)
  const figures: [string, string, string?][] = [
    [t('waiting'), String(board?.waiting ?? '–'), board?.waiting ? 'orange' : undefined],
    [t('longest'), board?.oldest ? span(since(board.oldest, now)) : '–'],
    [t('talking'), String(board?.talking ?? '–')],
    [t('free'), `${agents.free ?? 0} / ${loggedIn}`],
    [t('level'), level === undefined ? '–' : `${level}%`],
  ]
  return (
    <Card withBorder padding="lg">
      <Anchor component={Link} to={`${base}/queues/${queue.number}`} fw={600} size="lg">
        {queue.number} {queue.name}
      </Anchor>
      <Group gap="xl" mt="sm">
        {figures.map(([name, value, color]) => (
          <div key={name}>
            <Text fw={700} size="xl" c={color} style={{ fontVariantNumeric: 'tabular-nums' }}>
              {value}
            </Text>
            <Text size="xs" c="dimmed">
              {name}
            </Text>
          </div>
        ))}
      </Group>
    </Card>
  )
}
