import { SimpleGrid, Text } from '@mantine/core'
import { useMessages, useTexts } from '../../messages'
import { useAccount } from '../useAccount'
import { moment } from '../time'
import { day } from './format'
import { orderTexts } from './texts'
import { useProducts, type Order } from './useOrders'

/** General is what was ordered, for whom and since when. */
export function General({ order }: { order: Order }) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const zone = useAccount().data?.value.time_zone
  const products = useProducts().data?.items ?? []
  const name = (code: string | undefined) => products.find((p) => p.code === code)?.name ?? code ?? '–'
  const s = order.subscriber
  const facts: [string, string][] = [
    [t('order'), order.number],
    [t('product'), order.product_name],
    [t('portfolio'), order.portfolio],
    [t('step.addons'), (order.add_ons ?? []).map(name).join(', ') || '–'],
    [t('extension'), order.there ? `${order.extension} ${order.name}` : `${order.extension} · ${t('gone')}`],
    [t('start'), day(order.start, language)],
    [t('end'), day(order.end, language)],
    [t('reference'), order.reference || '–'],
    [t('billed'), order.billing ? (order.billed_from ? t('billed.from', { date: day(order.billed_from, language) }) : t('billed.from', { date: day(order.start, language) })) : t('billed.no')],
    [t('created'), `${moment(order.created, zone, language)} ${t('by', { who: order.created_by })}`],
  ]
  if (order.user_product && order.user_product !== 'starter') {
    facts.splice(
      4,
      0,
      [t('data'), order.data ? name(order.data) : t('none')],
      [t('sms'), order.sms ? name(order.sms) : t('none')],
      [t('sim'), order.sim || (order.status === 'ended' ? '–' : t('sim.waits'))],
      [t('number.type'), order.phone_number ? `${order.phone_number} (${t(order.number_type === 'ported' ? 'number.ported' : 'number.new')})` : '–'],
      [t('contract'), order.contract_months ? t('contract.months', { n: order.contract_months }) : t('contract.none')],
      [t('contract.end'), day(order.contract_end, language)],
      [t('name'), [s.first_name, s.prefix, s.last_name].filter(Boolean).join(' ') || '–'],
      [t('email'), s.email || '–'],
    )
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
      {facts.map(([title, value]) => (
        <div key={title}>
          <Text size="xs" c="dimmed">
            {title}
          </Text>
          <Text>{value}</Text>
        </div>
      ))}
    </SimpleGrid>
  )
}
