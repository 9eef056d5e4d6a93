import { Badge, Stack, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { day, money } from './format'
import { orderTexts } from './texts'
import { orderKey, useToday, type Order } from './useOrders'

/** Month is the field by which a month is chosen; the browser's where it has one. */
export function Month({ value, onChange }: { value: string; onChange: (m: string) => void }) {
  const t = useTexts(orderTexts)
  return <TextInput type="month" label={t('month')} w={200} value={value} onChange={(e) => e.currentTarget.value && onChange(e.currentTarget.value)} />
}

/** Lines are what an order costs the customer or the reseller. */
export function Lines({ order, side }: { order: Order; side: 'sales' | 'purchase' }) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const account = useAccountId()
  const [month, setMonth] = useState(useToday().slice(0, 7))
  const params = { path: { account, order: order.id }, query: { month } }
  const q = useQuery({
    queryKey: [...orderKey(account, order.id), side, month],
    queryFn: () =>
      data(side === 'sales' ? api.GET('/api/v1/accounts/{account}/orders/{order}/lines', { params }) : api.GET('/api/v1/accounts/{account}/orders/{order}/purchase-lines', { params })),
  })
  const items = q.data?.items ?? []
  return (
    <Stack>
      <Month value={month} onChange={setMonth} />
      <ProblemAlert error={q.error} />
      {q.isSuccess && items.length === 0 && <Empty>{t('lines.none')}</Empty>}
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={600}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('lines.item')}</Table.Th>
                <Table.Th>{t('lines.period')}</Table.Th>
                <Table.Th ta="right">{t('once')}</Table.Th>
                <Table.Th ta="right">{t('monthly')}</Table.Th>
                <Table.Th ta="right">{t('lines.month')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((l) => (
                <Table.Tr key={l.id}>
                  <Table.Td>
                    {l.name}{' '}
                    {l.credit && (
                      <Badge size="sm" color="grape" variant="light" tt="none">
                        {t('credit.tag')}
                      </Badge>
                    )}
                    {!l.billed && (
                      <Badge size="sm" color="gray" variant="light" tt="none">
                        {t('not.billed')}
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td>
                    {day(l.from, language)}
                    {!l.credit && ` – ${l.until ? day(l.until, language) : ''}`}
                  </Table.Td>
                  <Table.Td ta="right">{money(l.once, l.currency, language)}</Table.Td>
                  <Table.Td ta="right">{money(l.monthly, l.currency, language)}</Table.Td>
                  <Table.Td ta="right">{money(Number(l.amount).toFixed(2), l.currency, language)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
            <Table.Tfoot>
              {(q.data?.total ?? []).map((x) => (
                <Table.Tr key={x.currency}>
                  <Table.Th colSpan={4}>{t('total')}</Table.Th>
                  <Table.Th ta="right">
                    <Text fw={700}>{money(Number(x.amount).toFixed(2), x.currency, language)}</Text>
                  </Table.Th>
                </Table.Tr>
              ))}
            </Table.Tfoot>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  )
}
