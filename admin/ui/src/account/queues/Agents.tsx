import { Table } from '@mantine/core'
import type { Schemas } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { useTexts } from '../../messages'
import { span } from '../time'
import { AgentControls } from './AgentControls'
import { AgentLamp } from './AgentLamp'
import { queueTexts } from './texts'

/** Agents are the agents of a queue as a supervisor sees them: by rank, with what they do. */
export function Agents({ queue, board }: { queue: Schemas['QueueSummary']; board: Schemas['QueueBoard'] | undefined }) {
  const t = useTexts(queueTexts)
  const agents = queue.agents ?? []
  if (agents.length === 0) return <Empty>{t('board.agents.none')}</Empty>
  return (
    <Table.ScrollContainer minWidth={600}>
      <Table verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('agent')}</Table.Th>
            <Table.Th>{t('state')}</Table.Th>
            <Table.Th>{t('active')}</Table.Th>
            <Table.Th>{t('answered')}</Table.Th>
            <Table.Th>{t('talk.total')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {agents.map((a) => {
            const now = board?.agents?.find((x) => x.agent === a.extension)
            const active = now ? now.state !== 'logged-out' : a.active
            return (
              <Table.Tr key={a.extension}>
                <Table.Td>
                  {a.extension} {a.name}
                </Table.Td>
                <Table.Td>
                  <AgentLamp agent={now} active={a.active} />
                </Table.Td>
                <Table.Td>
                  <AgentControls queue={queue.number} agent={a.extension} who={a.name || a.extension} active={active} paused={now ? now.paused : a.paused} />
                </Table.Td>
                <Table.Td>{now?.answered ?? 0}</Table.Td>
                <Table.Td>{span(now?.talk ?? 0)}</Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
