import { Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { ChannelLamp } from '../../live/ChannelLamp'
import { useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { orderTexts } from './texts'
import type { Order } from './useOrders'

/** OrderChannels are the SIP channels on which an order's user is logged in, and the phones registered there. */
export function OrderChannels({ order }: { order: Order }) {
  const t = useTexts(orderTexts)
  const account = useAccountId()
  const q = useQuery({
    queryKey: ['channels', account, 'of', order.extension],
    enabled: order.kind === 'user',
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/channels', { params: { path: { account }, query: { user: order.extension, limit: 500 } } })),
  })
  const list = q.data?.items ?? []
  if (list.length === 0) return q.error ? <ProblemAlert error={q.error} /> : <Empty>{t('channels.none')}</Empty>
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('name')}</Table.Th>
          <Table.Th>{t('description')}</Table.Th>
          <Table.Th>{t('registered')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {list.map((c) => (
          <Table.Tr key={c.name}>
            <Table.Td>{c.name}</Table.Td>
            <Table.Td>{c.description || '–'}</Table.Td>
            <Table.Td>
              <ChannelLamp account={account} channel={c.name} registered={c.registered} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
