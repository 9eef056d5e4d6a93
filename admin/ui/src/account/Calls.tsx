import { Drawer, Stack, Table, Text, Timeline, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { ProblemAlert } from '../layout/Problem'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccount, useAccountId } from './Account'
import { moment, span } from './time'

export function Calls() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  const [open, setOpen] = useState<string | null>(null)
  return (
    <>
      <Resource<Schemas['Call']>
        title={t('tab.calls')}
        empty={t('calls.empty')}
        queryKey={['calls', account]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/calls', { params: { path: { account }, query: { cursor } } }))}
        id={(c) => c.id}
        onOpen={(c) => setOpen(c.id)}
        columns={[
          { title: t('calls.when'), cell: (c) => moment(c.started, zone, language) },
          { title: t('calls.direction'), cell: (c) => label(c.direction, language) },
          { title: t('calls.caller'), cell: (c) => [c.caller_number, c.caller_name].filter(Boolean).join(' ') || '–' },
          { title: t('calls.dialed'), cell: (c) => c.dialed },
          { title: t('calls.duration'), cell: (c) => (c.answered ? span(c.duration) : '–') },
          { title: t('calls.cause'), cell: (c) => label(c.cause, language) },
        ]}
      />
      <Drawer opened={open !== null} onClose={() => setOpen(null)} position="right" size="lg" title={t('calls.trace')}>
        {open && <CallDetail call={open} zone={zone} />}
      </Drawer>
    </>
  )
}

/** CallDetail shows each decision of a call with its reason, and its legs. */
function CallDetail({ call, zone }: { call: string; zone: string | undefined }) {
  const { t, language } = useMessages()
  const account = useAccountId()
  const q = useQuery({ queryKey: ['call', account, call], queryFn: () => data(api.GET('/api/v1/accounts/{account}/calls/{call}', { params: { path: { account, call } } })) })
  if (!q.data) return <ProblemAlert error={q.error} />
  const trace = q.data.trace ?? []
  return (
    <Stack>
      <Timeline active={trace.length} bulletSize={14} lineWidth={2}>
        {trace.map((s, i) => (
          <Timeline.Item key={i} title={s.reason}>
            <Text size="sm" c="dimmed">
              {moment(s.at, zone, language)} · {s.step}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
      <Title order={3} size="h4">
        {t('calls.legs')}
      </Title>
      <Table.ScrollContainer minWidth={400}>
        <Table>
          <Table.Tbody>
            {(q.data.legs ?? []).map((l) => (
              <Table.Tr key={l.id}>
                <Table.Td>{l.extension || l.number || l.target || l.channel || l.trunk || '–'}</Table.Td>
                <Table.Td>{l.answered ? moment(l.answered, zone, language) : '–'}</Table.Td>
                <Table.Td>{label(l.cause, language)}</Table.Td>
                <Table.Td>{l.sip_status || ''}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  )
}
