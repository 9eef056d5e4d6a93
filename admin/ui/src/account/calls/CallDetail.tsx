import { Badge, Group, Stack, Table, Text, Timeline, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { label } from '../../forms/labels'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { CallResults } from '../assistant/CallResults'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { CallRecordings } from './CallRecordings'
import { callTexts } from './texts'

/** CallDetail shows each decision of a call with its reason, and its legs. */
export function CallDetail({ call }: { call: string }) {
  const { language } = useMessages()
  const { account, zone } = usePlace()
  const q = useQuery({ queryKey: ['call', account, call], queryFn: () => data(api.GET('/api/v1/accounts/{account}/calls/{call}', { params: { path: { account, call } } })) })
  if (!q.data) return <ProblemAlert error={q.error} />
  const c = q.data
  return (
    <Stack gap="lg">
      <div>
        <Text fw={600} size="lg">
          {[c.caller_number, c.caller_name].filter(Boolean).join(' ') || '–'} → {c.dialed}
        </Text>
        <Group gap="xs" mt={4}>
          <Text size="sm">{moment(c.started, zone, language)}</Text>
          <Badge variant="light">{label(c.direction, language)}</Badge>
          <Badge variant="light" color={c.answered ? 'teal' : 'orange'}>
            {c.answered ? span(c.duration) : label(c.cause, language)}
          </Badge>
        </Group>
      </div>
      <Trace call={c} />
      {(c.recordings ?? []).length > 0 && <CallRecordings list={c.recordings ?? []} />}
      {(c.assistant ?? []).length > 0 && <CallResults list={c.assistant ?? []} />}
      <Legs legs={c.legs ?? []} />
      <Text size="xs" c="dimmed">
        {c.id}
      </Text>
    </Stack>
  )
}

/** clock is the seconds after the begin of the call. */
function clock(at: string, started: string): string {
  return `+${((Date.parse(at) - Date.parse(started)) / 1000).toFixed(1)} s`
}

function Trace({ call }: { call: Schemas['CallDetail'] }) {
  const { language } = useMessages()
  const t = useTexts(callTexts)
  const steps = call.trace ?? []
  return (
    <Timeline active={steps.length} bulletSize={16} lineWidth={2}>
      {steps.map((s, i) => (
        <Timeline.Item
          key={i}
          title={
            <Group gap="xs">
              <Badge variant="default" tt="none">
                {label(s.step, language)}
              </Badge>
              <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
                {clock(s.at, call.started)}
              </Text>
            </Group>
          }
        >
          <Text size="sm">{s.reason}</Text>
          {s.detail && (
            <Text size="xs" c="dimmed">
              {s.detail}
            </Text>
          )}
        </Timeline.Item>
      ))}
      <Timeline.Item
        title={
          <Group gap="xs">
            <Badge variant="default" tt="none">
              {t('step.end')}
            </Badge>
            <Text size="xs" c="dimmed">
              {clock(call.ended, call.started)}
            </Text>
          </Group>
        }
      >
        <Text size="sm">{label(call.cause, language)}</Text>
      </Timeline.Item>
    </Timeline>
  )
}

function Legs({ legs }: { legs: Schemas['LegRecord'][] }) {
  const { language } = useMessages()
  const t = useTexts(callTexts)
  return (
    <div>
      <Title order={3} size="h4" mb="xs">
        {t('legs')}
      </Title>
      <Table.ScrollContainer minWidth={480}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('leg')}</Table.Th>
              <Table.Th>{t('rang')}</Table.Th>
              <Table.Th>{t('talked')}</Table.Th>
              <Table.Th>{t('ended')}</Table.Th>
              <Table.Th>{t('sip')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {legs.map((l) => (
              <Table.Tr key={l.id}>
                <Table.Td>
                  <Text size="sm" fw={500}>
                    {l.extension || l.number || l.target || '–'}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {l.channel || l.trunk}
                  </Text>
                </Table.Td>
                <Table.Td>{span((Date.parse(l.answered ?? l.ended) - Date.parse(l.started)) / 1000)}</Table.Td>
                <Table.Td>{l.answered ? span((Date.parse(l.ended) - Date.parse(l.answered)) / 1000) : '–'}</Table.Td>
                <Table.Td>{label(l.cause, language)}</Table.Td>
                <Table.Td>{l.sip_status || ''}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  )
}
