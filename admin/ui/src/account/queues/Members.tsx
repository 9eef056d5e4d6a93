import { ActionIcon, Button, CloseButton, Group, Paper, Stack, Table, Text } from '@mantine/core'
import { useState, type DragEvent } from 'react'
import type { Schemas } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { AddMember } from './AddMember'
import { AgentControls } from './AgentControls'
import { AgentLamp } from './AgentLamp'
import style from './Members.module.css'
import { OwnValues } from './OwnValues'
import { queueTexts } from './texts'
import { moved, useMembers } from './useMembers'
import { useQueues } from './useQueues'

/** Members are the agents of a queue by rank, for administrators. */
export function Members({ queue, board }: { queue: string; board: Schemas['QueueBoard'] | undefined }) {
  const t = useTexts(queueTexts)
  const { t: app } = useMessages()
  const m = useMembers(queue)
  const names = new Map(useQueues().data?.items?.flatMap((q) => q.agents ?? []).map((a) => [a.extension, a.name]))
  const [dragged, setDragged] = useState<number | null>(null)
  const over = (at: number) => (e: DragEvent) => {
    e.preventDefault()
    if (dragged === null || dragged === at) return
    m.change(moved(m.members, dragged, at))
    setDragged(at)
  }
  return (
    <Stack>
      <ProblemAlert error={m.error} />
      {m.read.isSuccess && m.members.length === 0 ? (
        <Empty>{t('members.empty')}</Empty>
      ) : (
        <Text size="sm" c="dimmed">
          {t('members.order')}
        </Text>
      )}
      {m.members.length > 0 && (
        <Table.ScrollContainer minWidth={760}>
          <Table verticalSpacing="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={110}>{t('rank')}</Table.Th>
                <Table.Th>{t('agent')}</Table.Th>
                <Table.Th>{t('state')}</Table.Th>
                <Table.Th>{t('active')}</Table.Th>
                <Table.Th>{t('members.own')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {m.members.map((x, i) => {
                const now = board?.agents?.find((a) => a.agent === x.extension)
                const who = names.get(x.extension) || x.extension
                const isNew = x.active === undefined && !now
                return (
                  <Table.Tr
                    key={x.extension}
                    className={style.row}
                    draggable
                    data-dragged={dragged === i || undefined}
                    onDragStart={(e) => {
                      e.dataTransfer.effectAllowed = 'move'
                      setDragged(i)
                    }}
                    onDragOver={over(i)}
                    onDragEnd={() => setDragged(null)}
                    onDrop={(e) => e.preventDefault()}
                  >
                    <Table.Td>
                      <Group gap={4} wrap="nowrap">
                        <span className={style.grip} aria-hidden>
                          ⠿
                        </span>
                        <Text w={22} ta="right" fw={600}>
                          {i + 1}
                        </Text>
                        <ActionIcon variant="subtle" size="sm" aria-label={t('members.up', { who })} disabled={i === 0} onClick={() => m.change(moved(m.members, i, i - 1))}>
                          ↑
                        </ActionIcon>
                        <ActionIcon variant="subtle" size="sm" aria-label={t('members.down', { who })} disabled={i === m.members.length - 1} onClick={() => m.change(moved(m.members, i, i + 1))}>
                          ↓
                        </ActionIcon>
                      </Group>
                    </Table.Td>
                    <Table.Td>
                      <Text fw={500}>{who}</Text>
                      <Text size="xs" c="dimmed">
                        {x.extension}
                      </Text>
                    </Table.Td>
                    <Table.Td>{isNew ? '–' : <AgentLamp agent={now} active={x.active ?? false} />}</Table.Td>
                    <Table.Td>
                      {isNew ? '–' : <AgentControls queue={queue} agent={x.extension} who={who} active={now ? now.state !== 'logged-out' : (x.active ?? false)} paused={now ? now.paused : x.paused} />}
                    </Table.Td>
                    <Table.Td>
                      <OwnValues member={x} who={who} queue={m.settings} onChange={(v) => m.change(m.members.map((y) => (y.extension === x.extension ? v : y)))} />
                    </Table.Td>
                    <Table.Td>
                      <CloseButton aria-label={t('members.remove', { who })} onClick={() => m.change(m.members.filter((_, j) => j !== i))} />
                    </Table.Td>
                  </Table.Tr>
                )
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <AddMember taken={m.members.map((x) => x.extension)} onAdd={(extension) => m.change([...m.members, { extension }])} />
      {m.changed && (
        <Paper withBorder p="sm" className={style.bar} role="status">
          <Group justify="space-between">
            <Text size="sm">{t('members.unsaved')}</Text>
            <Group>
              <Button variant="default" onClick={m.forget}>
                {app('app.cancel')}
              </Button>
              <Button loading={m.saving} onClick={m.save}>
                {app('app.save')}
              </Button>
            </Group>
          </Group>
        </Paper>
      )}
    </Stack>
  )
}
