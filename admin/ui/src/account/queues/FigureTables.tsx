import { Table, Title } from '@mantine/core'
import type { Schemas } from '../../api/client'
import { useTexts } from '../../messages'
import { span } from '../time'
import { queueTexts } from './texts'
import { useQueues } from './useQueues'

type Row = { key: string; cells: (string | number)[] }

function Figures({ title, head, rows }: { title: string; head: string[]; rows: Row[] }) {
  return (
    <>
      <Title order={3} size="h4" mt="md">
        {title}
      </Title>
      <Table.ScrollContainer minWidth={640}>
        <Table verticalSpacing="xs" style={{ fontVariantNumeric: 'tabular-nums' }}>
          <Table.Thead>
            <Table.Tr>
              {head.map((h, i) =>
                h === '' ? (
                  <Table.Td key={h} />
                ) : (
                  <Table.Th key={h} ta={i > 0 ? 'right' : undefined}>
                    {h}
                  </Table.Th>
                ),
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((r) => (
              <Table.Tr key={r.key}>
                {r.cells.map((c, i) => (
                  <Table.Td key={i} ta={i > 0 ? 'right' : undefined}>
                    {c}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  )
}

/** TimeTable has how long callers of a period waited and talked. */
export function TimeTable({ total }: { total: Schemas['QueueFigures'] }) {
  const t = useTexts(queueTexts)
  const rows: [string, Schemas['QueueSpread']][] = [
    [t('times.wait'), total.all],
    [t('times.answered'), total.answered],
    [t('times.unanswered'), total.unanswered],
    [t('times.talk'), total.talk],
  ]
  return (
    <Figures
      title={t('times')}
      head={['', t('times.count'), t('times.min'), t('times.average'), t('times.max'), t('times.total')]}
      rows={rows.map(([name, s]) => ({ key: name, cells: [name, s.count, ...[s.min, s.average, s.max, s.total].map((n) => (s.count > 0 ? span(n) : '–'))] }))}
    />
  )
}

/** AgentTable is what each agent did. */
export function AgentTable({ agents }: { agents: Schemas['QueueAgentFigures'][] }) {
  const t = useTexts(queueTexts)
  const names = new Map(useQueues().data?.items?.flatMap((q) => q.agents ?? []).map((a) => [a.extension, a.name]))
  if (agents.length === 0) return null
  return (
    <Figures
      title={t('agents')}
      head={[t('agent'), t('offered'), t('answered'), t('missed'), t('talk'), t('talk.total')]}
      rows={agents.map((a) => ({ key: a.agent, cells: [`${a.agent} ${names.get(a.agent) ?? ''}`, a.offered, a.answered, a.missed, span(a.talk.average), span(a.talk.total)] }))}
    />
  )
}

/** IntervalTable has the figures that the charts show. */
export function IntervalTable({ intervals, name }: { intervals: Schemas['QueueFigures'][]; name: (start: string) => string }) {
  const t = useTexts(queueTexts)
  const some = intervals.filter((i) => i.answered.count + i.unanswered.count > 0)
  return (
    <Figures
      title={t('stats.table')}
      head={[t('when'), t('answered'), t('unanswered'), t('level'), t('wait'), t('wait.max'), t('talk')]}
      rows={some.map((i) => ({
        key: i.start,
        cells: [
          name(i.start),
          i.answered.count,
          i.unanswered.count,
          i.service_level === undefined ? '–' : `${Math.round(i.service_level)}%`,
          span(i.answered.average),
          span(Math.max(i.answered.max, i.unanswered.max)),
          span(i.talk.average),
        ],
      }))}
    />
  )
}
