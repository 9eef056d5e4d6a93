import { Card, Group, List, Paper, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api, data } from '../api/client'
import { label } from '../forms/labels'
import { useMessages } from '../messages'
import { useAccount, useAccountId } from './Account'
import { moment } from './time'

/** Overview is what goes on in the account now, and what to do next in one that is new. */
export function Overview() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  const params = { params: { path: { account } } }
  const live = useQuery({ queryKey: ['live', account], refetchInterval: 2_000, queryFn: () => data(api.GET('/api/v1/accounts/{account}/live-calls', params)) }).data?.items ?? []
  const phones = useQuery({ queryKey: ['registrations', account], refetchInterval: 5_000, queryFn: () => data(api.GET('/api/v1/accounts/{account}/registrations', params)) }).data?.items
  const extensions = useQuery({ queryKey: ['extensions', account, 'count'], queryFn: () => data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { limit: 1 } } })) }).data
  const figures = [
    [t('overview.live'), live.length],
    [t('overview.registered'), phones?.length ?? '–'],
    [t('tab.extensions'), extensions?.total ?? '–'],
  ] as const
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        {figures.map(([name, n]) => (
          <Card key={name} withBorder>
            <Text c="dimmed" size="sm">
              {name}
            </Text>
            <Text fw={700} size="xl">
              {n}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      {extensions?.total === 0 && (
        <Paper withBorder p="md">
          <Title order={2} size="h4">
            {t('overview.next')}
          </Title>
          <List type="ordered">
            <List.Item>
              <Link to="extensions">{t('overview.next.extension')}</Link>
            </List.Item>
            <List.Item>
              <Link to="channels">{t('overview.next.channel')}</Link>
            </List.Item>
            <List.Item>
              <Link to="numbers">{t('overview.next.number')}</Link>
            </List.Item>
            <List.Item>
              <Link to="plans">{t('overview.next.plan')}</Link>
            </List.Item>
          </List>
        </Paper>
      )}
      <Paper withBorder p="md">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t('overview.live')}
          </Title>
        </Group>
        {live.length === 0 ? (
          <Text c="dimmed">{t('overview.quiet')}</Text>
        ) : (
          <Table>
            <Table.Tbody>
              {live.map((c) => (
                <Table.Tr key={c.id}>
                  <Table.Td>{label(c.direction, language)}</Table.Td>
                  <Table.Td>{[c.caller, c.name].filter(Boolean).join(' ')}</Table.Td>
                  <Table.Td>{c.dialed}</Table.Td>
                  <Table.Td>{c.at ?? ''}</Table.Td>
                  <Table.Td>{moment(c.answered ?? c.started, zone, language)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Paper>
    </Stack>
  )
}
