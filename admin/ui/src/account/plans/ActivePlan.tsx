import { Badge, Button, Group, Menu, Paper, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useAccountId } from '../Account'
import { usePlans, useSchemeChanged } from './usePlans'

/** ActivePlan tells which plan is active and why, and changes it by hand. */
export function ActivePlan({ scheme }: { scheme: number }) {
  const { t } = useMessages()
  const account = useAccountId()
  const path = { account, scheme }
  const plans = usePlans(scheme).data?.items ?? []
  const changed = useSchemeChanged(scheme)
  const now = useQuery({
    queryKey: ['scheme', account, scheme, 'active'],
    refetchInterval: 10_000,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/active', { params: { path } })),
  })
  const set = useMutation({
    mutationFn: (body: Schemas['OverrideInput'] | null): Promise<unknown> =>
      body
        ? data(api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/override', { params: { path }, body }))
        : data(api.DELETE('/api/v1/accounts/{account}/schemes/{scheme}/override', { params: { path } })),
    onSuccess: changed,
  })
  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <div>
          <Text c="dimmed" size="sm">
            {t('plans.active')}
          </Text>
          <Group gap="xs">
            <Text fw={700} size="lg">
              {now.data ? `${now.data.plan} ${now.data.name}` : '…'}
            </Text>
            {now.data && <Badge variant="light">{now.data.source}</Badge>}
          </Group>
          <Text size="sm">{now.data?.reason}</Text>
        </div>
        <Menu>
          <Menu.Target>
            <Button variant="default" loading={set.isPending}>
              {t('plans.override')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => set.mutate(null)}>{t('plans.schedule')}</Menu.Item>
            {(['temporary', 'permanent'] as const).map((mode) => (
              <div key={mode}>
                <Menu.Divider />
                <Menu.Label>{t(`plans.${mode}`)}</Menu.Label>
                {plans.map((p) => (
                  <Menu.Item key={p.number} onClick={() => set.mutate({ mode, plan: p.number })}>
                    {p.number} {p.name}
                  </Menu.Item>
                ))}
              </div>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      <ProblemAlert error={set.error ?? now.error} />
    </Paper>
  )
}
