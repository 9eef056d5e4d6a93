import { Button, Card, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, type Schemas } from '../../api/client'
import { pathOf } from '../../api/paths'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { span } from '../time'
import { BarChart } from './BarChart'
import { AgentTable, IntervalTable, TimeTable } from './FigureTables'
import { periodOf, queryOf, shortest, type Period } from './period'
import { PeriodPicker } from './PeriodPicker'
import { queueTexts, type QueueText } from './texts'

/** Statistics are the figures of a queue for a period. */
export function Statistics({ queue }: { queue: Schemas['QueueSummary'] }) {
  const t = useTexts(queueTexts)
  const { account, zone } = usePlace()
  const [period, setPeriod] = useState<Period>(() => ({ preset: 'week', level: undefined, ...periodOf('week', zone) }))
  const query = queryOf(period, zone)
  const path = { account, queue: queue.number }
  const figures = useQuery({
    queryKey: ['queue', account, queue.number, 'statistics', query],
    placeholderData: keepPreviousData,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/queues/{queue}/statistics', { params: { path, query } })),
  })
  const csv = (table: string) => pathOf('/api/v1/accounts/{account}/queues/{queue}/statistics.csv', path, { ...query, table })
  const f = figures.data
  const calls = f ? f.total.answered.count + f.total.unanswered.count : 0
  return (
    <Stack>
      <PeriodPicker period={period} zone={zone} onChange={setPeriod} />
      <ProblemAlert error={figures.error} />
      {f && calls === 0 && <Empty>{t('stats.empty')}</Empty>}
      {f && calls > 0 && <Charts figures={f} period={period} />}
      {f && (
        <Group>
          <Button component="a" variant="default" href={csv('intervals')} download>
            {t('csv')}
          </Button>
          <Button component="a" variant="default" href={csv('agents')} download>
            {t('csv.agents')}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

function Charts({ figures: f, period }: { figures: Schemas['QueueStatistics']; period: Period }) {
  const t = useTexts(queueTexts)
  const { language } = useMessages()
  const { zone } = usePlace()
  const name = (start: string) => shortest(start, period.interval, zone, language)
  const intervals = f.intervals ?? []
  const tiles: [string, string][] = [
    [t('answered'), String(f.total.answered.count)],
    [t('unanswered'), String(f.total.unanswered.count)],
    [t('level'), f.total.service_level === undefined ? '–' : `${Math.round(f.total.service_level)}%`],
    [t('wait'), span(f.total.answered.average)],
    [t('wait.max'), span(Math.max(f.total.answered.max, f.total.unanswered.max))],
    [t('talk'), span(f.total.talk.average)],
  ]
  const reasons = Object.entries(f.total.left ?? {})
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
        {tiles.map(([title, value]) => (
          <Card key={title} withBorder padding="md">
            <Text fw={700} size="xl" style={{ fontVariantNumeric: 'tabular-nums' }}>
              {value}
            </Text>
            <Text size="sm" c="dimmed">
              {title}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Paper withBorder p="md">
        <BarChart
          title={t('chart.calls')}
          series={[t('answered'), t('unanswered')]}
          bars={intervals.map((i) => ({ key: i.start, label: name(i.start), values: [i.answered.count, i.unanswered.count] }))}
        />
      </Paper>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Paper withBorder p="md">
          <BarChart title={t('chart.wait')} series={[t('wait')]} unit=" s" bars={intervals.map((i) => ({ key: i.start, label: name(i.start), values: [i.all.average] }))} />
        </Paper>
        <Paper withBorder p="md">
          <BarChart title={t('chart.talk')} series={[t('talk')]} unit=" s" bars={intervals.map((i) => ({ key: i.start, label: name(i.start), values: [i.talk.average] }))} />
        </Paper>
        <Paper withBorder p="md">
          <BarChart
            title={t('chart.level')}
            series={[t('level')]}
            unit="%"
            atLeast={100}
            bars={intervals.map((i) => ({ key: i.start, label: name(i.start), values: [i.service_level ?? 0] }))}
          />
        </Paper>
        <Paper withBorder p="md">
          <BarChart
            title={t('chart.performance')}
            series={[t('answered')]}
            unit="%"
            atLeast={100}
            bars={(f.performance ?? []).map((p) => ({ key: String(p.within), label: t('chart.seconds', { n: p.within }), values: [p.percent] }))}
          />
        </Paper>
      </SimpleGrid>
      {reasons.length > 0 && (
        <Text size="sm">
          <b>{t('left')}:</b> {reasons.map(([why, n]) => `${t(`left.${why}` as QueueText)} ${n}`).join(' · ')}
        </Text>
      )}
      <TimeTable total={f.total} />
      <AgentTable agents={f.agents ?? []} />
      <IntervalTable intervals={intervals} name={(s) => shortest(s, 'day', zone, language) + (period.interval === 'hour' || period.interval === 'quarter' ? ` ${name(s)}` : '')} />
    </>
  )
}
