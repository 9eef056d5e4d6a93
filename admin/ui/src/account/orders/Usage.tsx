import { Stack, Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { span } from '../time'
import { money } from './format'
import { Month } from './Lines'
import { orderTexts } from './texts'
import { orderKey, useToday, type Order } from './useOrders'

/** Usage is what calls and messages of an order's extension cost in a month. */
export function Usage({ order }: { order: Order }) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const account = useAccountId()
  const [month, setMonth] = useState(useToday().slice(0, 7))
  const q = useQuery({
    queryKey: [...orderKey(account, order.id), 'usage', month],
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/orders/{order}/usage', { params: { path: { account, order: order.id }, query: { month } } })),
  })
  const calls = q.data?.calls ?? []
  const charges = q.data?.charges ?? []
  return (
    <Stack>
      <Month value={month} onChange={setMonth} />
      <ProblemAlert error={q.error} />
      {q.isSuccess && calls.length + charges.length === 0 && <Empty>{t('usage.none')}</Empty>}
      {calls.length + charges.length > 0 && (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('usage.destination')}</Table.Th>
              <Table.Th ta="right">{t('usage.calls')}</Table.Th>
              <Table.Th ta="right">{t('usage.talked')}</Table.Th>
              <Table.Th ta="right">{t('usage.cost')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {calls.map((c) => (
              <Table.Tr key={c.destination + c.currency}>
                <Table.Td>{c.destination || t('usage.unknown')}</Table.Td>
                <Table.Td ta="right">{c.calls}</Table.Td>
                <Table.Td ta="right">{span(c.seconds)}</Table.Td>
                <Table.Td ta="right">{c.currency ? money(c.cost, c.currency, language) : '–'}</Table.Td>
              </Table.Tr>
            ))}
            {charges.map((c) => (
              <Table.Tr key={c.kind + c.currency}>
                <Table.Td>{c.kind === 'sms' ? t('usage.sms') : c.kind}</Table.Td>
                <Table.Td ta="right">{c.count}</Table.Td>
                <Table.Td />
                <Table.Td ta="right">{money(c.amount, c.currency, language)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            {(q.data?.total ?? []).map((x) => (
              <Table.Tr key={x.currency}>
                <Table.Th colSpan={3}>{t('total')}</Table.Th>
                <Table.Th ta="right">{money(x.amount, x.currency, language)}</Table.Th>
              </Table.Tr>
            ))}
          </Table.Tfoot>
        </Table>
      )}
    </Stack>
  )
}
