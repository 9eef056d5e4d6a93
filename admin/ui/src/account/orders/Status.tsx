import { Badge, Group, Text } from '@mantine/core'
import { useMessages, useTexts } from '../../messages'
import { day } from './format'
import { orderTexts } from './texts'
import type { Order } from './useOrders'

/** Status is Active, or the day on which an order begins; and when it ends. */
export function Status({ order }: { order: Order }) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const color = { active: 'teal', planned: 'blue', waiting: 'orange', ended: 'gray' }[order.status]
  return (
    <Group gap="xs" wrap="nowrap">
      <Badge color={color} variant="light" tt="none">
        {order.status === 'planned' ? day(order.start, language) : t(`status.${order.status}`)}
      </Badge>
      {order.end && order.status !== 'ended' && (
        <Text size="xs" c="dimmed">
          {t('ends', { date: day(order.end, language) })}
        </Text>
      )}
    </Group>
  )
}
