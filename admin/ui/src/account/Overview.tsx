import { Card, List, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api, data } from '../api/client'
import { label } from '../forms/labels'
import { Rows } from '../layout/Rows'
import { useLive } from '../live/useLive'
import { since, useNow } from '../live/useNow'
import { useMessages } from '../messages'
import { useAccountId } from './useAccount'
import { span } from './time'

/** Overview is what goes on in the account now, and what to do next in one that is new. */
export function Overview() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const { picture } = useLive(account)
  const now = useNow()
  const live = picture?.calls ?? []
  const waiting = Object.values(picture?.queues ?? {}).reduce((n, q) => n + q.waiting, 0)
  const extensions = useQuery({ queryKey: ['extensions', account, 'count'], queryFn: () => data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { limit: 1 } } })) }).data
  const figures = [
    [t('overview.live'), picture ? live.length : '–'],
    [t('overview.waiting'), picture ? waiting : '–'],
    [t('overview.registered'), picture?.phones.length ?? '–'],
    [t('tab.extensions'), extensions?.total ?? '–'],
  ] as const
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
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
        <Title order={2} size="h4" mb="xs">
          {t('overview.live')}
        </Title>
        {live.length === 0 ? (
          <Text c="dimmed">{t('overview.quiet')}</Text>
        ) : (
          <Rows
            rows={live}
            id={(c) => c.id}
            columns={[
              { title: t('calls.caller'), cell: (c) => [c.caller, c.name].filter(Boolean).join(' ') },
              { title: t('calls.dialed'), cell: (c) => c.dialed },
              { title: t('overview.at'), cell: (c) => c.at ?? '' },
              { title: t('calls.direction'), cell: (c) => label(c.direction, language) },
              { title: t('overview.for'), cell: (c) => span(since(c.answered ?? c.started, now)) },
            ]}
          />
        )}
      </Paper>
    </Stack>
  )
}
