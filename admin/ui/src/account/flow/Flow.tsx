import { Anchor, Center, Group, Loader, Paper, Select, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useFlowTexts } from '../../messages/flow'
import { useAccountId } from '../useAccount'
import { Drawing } from './Drawing'
import { most, readFlow } from './read'

/** Flow draws where calls go, from the account's numbers on. */
export function Flow() {
  const t = useFlowTexts()
  const { language } = useMessages()
  const account = useAccountId()
  const [at, setAt] = useSearchParams()
  const number = at.get('number') ?? undefined
  const flow = useQuery({ queryKey: ['flow', account, number, language], queryFn: () => readFlow(account, number, t, language), placeholderData: (before) => before })
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {t('title')}
        </Title>
        <Select
          aria-label={t('start')}
          placeholder={t('start.all')}
          clearable
          value={number ?? null}
          data={flow.data?.numbers ?? []}
          onChange={(v) => setAt(v ? { number: v } : {}, { replace: true })}
          w={220}
        />
      </Group>
      <ProblemAlert error={flow.error} />
      {flow.isPending && (
        <Center p="xl">
          <Loader />
        </Center>
      )}
      {flow.data && flow.data.nodes.length === 0 && (
        <Paper withBorder p="xl">
          <Stack align="center" gap="xs">
            <Text c="dimmed" ta="center">
              {t('empty')}
            </Text>
            <Anchor component={Link} to={`/accounts/${account}/plans`}>
              {t('empty.link')}
            </Anchor>
          </Stack>
        </Paper>
      )}
      {flow.data && flow.data.nodes.length > 0 && (
        <>
          <Text size="sm" c="dimmed">
            {t('help')} {flow.data.cut && t('large', { n: most })}
          </Text>
          <Paper withBorder style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label={t('title')}>
            <Drawing graph={flow.data} name={t('title')} />
          </Paper>
        </>
      )}
    </Stack>
  )
}
