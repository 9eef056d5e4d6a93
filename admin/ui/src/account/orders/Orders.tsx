import { Button, Group, Select, Stack, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api, data } from '../../api/client'
import { Resource } from '../../layout/Resource'
import { useMessages, useTexts } from '../../messages'
import { useAccount, useAccountId } from '../useAccount'
import { dayOf } from '../zone'
import { day } from './format'
import { Status } from './Status'
import { orderTexts } from './texts'
import { useProducts, type Order } from './useOrders'

const statuses = ['current', 'planned', 'active', 'ended', 'all'] as const

/** Orders are the orders of the account, found by number, status and product. */
export function Orders() {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  const go = useNavigate()
  const [typed, setTyped] = useState('')
  const [number] = useDebouncedValue(typed.replace(/\D/g, ''), 250)
  const [status, setStatus] = useState<(typeof statuses)[number]>('current')
  const [product, setProduct] = useState<string | null>(null)
  const products = useProducts().data?.items?.filter((i) => i.type === 'user' || i.type === 'extension') ?? []
  const query = { status, ...(number ? { number } : {}), ...(product ? { product } : {}) }
  return (
    <Stack>
      <Resource<Order>
        title={t('title')}
        empty={t('empty')}
        filtered={number || product || status !== 'current' ? t('filtered') : undefined}
        queryKey={['orders', account, 'list', query]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/orders', { params: { path: { account }, query: { ...query, cursor } } }))}
        id={(o) => String(o.id)}
        onOpen={(o) => void go(`/accounts/${account}/orders/${o.id}`)}
        toolbar={
          <Group align="flex-end">
            <TextInput label={t('filter.number')} inputMode="numeric" value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
            <Select
              label={t('filter.status')}
              allowDeselect={false}
              value={status}
              onChange={(v) => setStatus(v as typeof status)}
              data={statuses.map((s) => ({ value: s, label: t(`status.${s}`) }))}
            />
            <Select
              label={t('filter.product')}
              placeholder={t('filter.all')}
              clearable
              searchable
              value={product}
              onChange={setProduct}
              data={products.map((p) => ({ value: p.code, label: p.name }))}
            />
            <Button component={Link} to={`/accounts/${account}/orders/new`}>
              {t('new')}
            </Button>
          </Group>
        }
        columns={[
          { title: t('order'), cell: (o) => o.number },
          { title: t('number'), cell: (o) => o.extension },
          { title: t('name'), cell: (o) => o.name },
          { title: t('product'), cell: (o) => o.product_name },
          { title: t('portfolio'), cell: (o) => o.portfolio },
          { title: t('date'), cell: (o) => day(dayOf(Date.parse(o.created), zone), language) },
          { title: t('status'), cell: (o) => <Status order={o} /> },
        ]}
      />
    </Stack>
  )
}
