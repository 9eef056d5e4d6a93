import { Anchor, Breadcrumbs, Group, Stack, Tabs, Title } from '@mantine/core'
import { Link, useNavigate, useParams } from 'react-router'
import { ProblemAlert } from '../../layout/Problem'
import { useLive } from '../../live/useLive'
import { Connection } from '../../live/Connection'
import { useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { Agents } from './Agents'
import { Members } from './Members'
import { QueueSettings } from './QueueSettings'
import { Statistics } from './Statistics'
import { queueTexts } from './texts'
import { useQueues } from './useQueues'
import { Wallboard } from './Wallboard'

/** Queue is one queue: now, its agents, its figures and its settings. */
export function Queue() {
  const t = useTexts(queueTexts)
  const { account, base } = usePlace()
  const { queue = '', view = 'wallboard' } = useParams()
  const go = useNavigate()
  const queues = useQueues()
  const live = useLive(account)
  const supervisor = useSession()?.role === 'supervisor'
  const one = queues.data?.items?.find((q) => q.number === queue)
  const views = ['wallboard', 'members', 'statistics', ...(supervisor ? [] : ['settings'])] as ('wallboard' | 'members' | 'statistics' | 'settings')[]
  return (
    <Stack>
      <Breadcrumbs fz="sm">
        <Anchor inherit component={Link} to={`${base}/queues`}>
          {t('title')}
        </Anchor>
        <span>{queue}</span>
      </Breadcrumbs>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {queue} {one?.name}
        </Title>
        <Connection state={live.state} />
      </Group>
      <ProblemAlert error={queues.error} />
      <Tabs value={view} onChange={(v) => void go(`${base}/queues/${queue}${v && v !== 'wallboard' ? `/${v}` : ''}`)} keepMounted={false}>
        <Tabs.List mb="md">
          {views.map((v) => (
            <Tabs.Tab key={v} value={v}>
              {t(v)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="wallboard">{one && <Wallboard queue={one} board={live.picture?.queues[queue]} />}</Tabs.Panel>
        <Tabs.Panel value="members">
          {one && (supervisor ? <Agents queue={one} board={live.picture?.queues[queue]} /> : <Members queue={queue} board={live.picture?.queues[queue]} />)}
        </Tabs.Panel>
        <Tabs.Panel value="statistics">{one && <Statistics queue={one} />}</Tabs.Panel>
        <Tabs.Panel value="settings">
          <QueueSettings queue={queue} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}
