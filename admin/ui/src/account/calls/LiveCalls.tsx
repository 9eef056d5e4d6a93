import { Badge, Group, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { label } from '../../forms/labels'
import { Connection } from '../../live/Connection'
import { Lamp } from '../../live/Lamp'
import { useLive } from '../../live/useLive'
import { since, useNow } from '../../live/useNow'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { span } from '../time'
import { callTexts } from './texts'

/** LiveCalls are the calls that go on, the oldest first. */
export function LiveCalls() {
  const { t: app, language } = useMessages()
  const t = useTexts(callTexts)
  const { account } = usePlace()
  const live = useLive(account)
  const now = useNow()
  const calls = live.picture?.calls ?? []
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={2} size="h3">
            {t('now')}
          </Title>
          {calls.length > 0 && <Badge variant="light">{calls.length}</Badge>}
        </Group>
        <Connection state={live.state} />
      </Group>
      <Paper withBorder p="md">
        {calls.length === 0 ? (
          <Text c="dimmed">{t('quiet')}</Text>
        ) : (
          <Table.ScrollContainer minWidth={560}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{app('calls.caller')}</Table.Th>
                  <Table.Th>{app('calls.dialed')}</Table.Th>
                  <Table.Th>{t('at')}</Table.Th>
                  <Table.Th>{app('calls.direction')}</Table.Th>
                  <Table.Th ta="right">{t('since')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {calls.map((c) => (
                  <Table.Tr key={c.id}>
                    <Table.Td>{[c.caller, c.name].filter(Boolean).join(' ') || '–'}</Table.Td>
                    <Table.Td>{c.dialed}</Table.Td>
                    <Table.Td>{c.answered ? <Lamp color="red">{c.at ?? ''}</Lamp> : <Lamp color="orange" blink>{`${c.at ?? ''} ${t('ringing')}`}</Lamp>}</Table.Td>
                    <Table.Td>{label(c.direction, language)}</Table.Td>
                    <Table.Td ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
                      {span(since(c.answered ?? c.started, now))}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Paper>
    </Stack>
  )
}
