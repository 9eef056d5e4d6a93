import { Stack, Text, Timeline, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { useAccount, useAccountId } from '../useAccount'
import { moment } from '../time'
import { day } from './format'
import { orderTexts, type OrderText } from './texts'
import { orderKey, useProducts, type Order } from './useOrders'

/** History is what is planned for an order, and what has happened to it. */
export function History({ order }: { order: Order }) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  const products = useProducts().data?.items ?? []
  const q = useQuery({
    queryKey: [...orderKey(account, order.id), 'history'],
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/orders/{order}/history', { params: { path: { account, order: order.id } } })),
  })
  if (!q.data) return <ProblemAlert error={q.error} />
  const name = (code: string) => products.find((p) => p.code === code)?.name ?? code
  const planned = q.data.planned ?? []
  const items = [...(q.data.items ?? [])].reverse()
  return (
    <Stack>
      <Title order={3} size="h5">
        {t('planned')}
      </Title>
      {planned.length === 0 && <Text c="dimmed">{t('planned.none')}</Text>}
      {planned.map((p, i) => (
        <Text key={i}>
          {day(p.date, language)} · {t(`kind.${p.kind}`)}
          {p.selection && ` · ${[p.selection.product, ...(p.selection.add_ons ?? [])].map(name).join(', ')}`}
          {p.reference && ` · ${p.reference}`}
        </Text>
      ))}
      <Title order={3} size="h5">
        {t('history')}
      </Title>
      <Timeline active={items.length} bulletSize={14} lineWidth={2}>
        {items.map((e) => (
          <Timeline.Item key={e.id} title={`${t(`event.${e.event}` as OrderText)}${e.day ? ` · ${day(e.day, language)}` : ''}`}>
            <Text size="sm">{e.event === 'change-planned' ? name(e.detail ?? '') : e.detail}</Text>
            <Text size="xs" c="dimmed">
              {moment(e.at, zone, language)} · {e.actor}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  )
}
