import { Badge, Button, Group, Menu, Paper, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { usePlanTexts } from '../../messages/plans'
import { useAccountId } from '../useAccount'
import { usePlans, useSchemeChanged } from './usePlans'

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** detail is what a reason says beyond its source: the period, the holiday, until when. */
function detail(reason: string, language: string): string {
  const name = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' })
  return reason
    .replace(/^(roster|holiday|set by hand|temporary change( until)?) ?/, '')
    .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?=\d\d:)/g, (_, d: string) => `${name.format(Date.UTC(2024, 0, 1 + weekdays.indexOf(d)))} `)
}

/** ActivePlan tells which plan is active and why, and changes it by hand. */
export function ActivePlan({ scheme }: { scheme: number }) {
  const { t, language } = useMessages()
  const plan = usePlanTexts()
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
            {now.data && <Badge variant="light">{plan(`source.${now.data.source}`)}</Badge>}
          </Group>
          <Text size="sm">{now.data && (now.data.source === 'default' ? plan('default.why') : detail(now.data.reason, language))}</Text>
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
