import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, data } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { Results } from './Results'
import { useAssistantTexts } from './texts'

/** Assistant is for whom the assistant is there, and what it has heard. */
export function Assistant() {
  const t = useAssistantTexts()
  const { account } = usePlace()
  const client = useQueryClient()
  const mayChange = useSession()?.role !== 'readonly'
  const queryKey = ['assistant', account, 'for']
  const served = useQuery({ queryKey, queryFn: () => data(api.GET('/api/v1/accounts/{account}/assistant', { params: { path: { account } } })) })
  const all = useMutation({
    mutationFn: () => data(api.POST('/api/v1/accounts/{account}/assistant', { params: { path: { account } } })),
    onSuccess: (now) => client.setQueryData(queryKey, now),
  })
  const a = served.data
  return (
    <Stack>
      <Paper withBorder p="md">
        <Group justify="space-between">
          <div>
            <Text>{a && t(a.enabled ? 'for' : 'off', { users: a.users, of: a.of })}</Text>
            <Text size="sm" c="dimmed">
              {t('help')}
            </Text>
          </div>
          {a && mayChange && (!a.enabled || a.users < a.of) && (
            <Button variant="default" loading={all.isPending} onClick={() => all.mutate()}>
              {t('all')}
            </Button>
          )}
        </Group>
        <ProblemAlert error={all.error ?? served.error} />
      </Paper>
      <Results mayDelete={mayChange} />
    </Stack>
  )
}
