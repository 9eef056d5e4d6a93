import { useQuery } from '@tanstack/react-query'
import { api, data, row, type Schemas } from '../../api/client'
import { useAccount, useAccountId } from '../useAccount'
import { dayOf } from '../zone'

export type Order = Schemas['Order']
export type Product = Schemas['PriceItem']

/** useProducts is what the account can order. */
export function useProducts() {
  const account = useAccountId()
  return useQuery({ queryKey: ['products', account], queryFn: () => data(api.GET('/api/v1/accounts/{account}/products', { params: { path: { account } } })) })
}

/** orderKey is of an order and everything that is shown of it. */
export const orderKey = (account: number, order: number) => ['orders', account, order]

export function useOrder(order: number) {
  const account = useAccountId()
  return useQuery({
    queryKey: orderKey(account, order),
    queryFn: () => row(api.GET('/api/v1/accounts/{account}/orders/{order}', { params: { path: { account, order } } })),
  })
}

/** useToday is the day in the account's time zone. */
export function useToday(): string {
  return dayOf(Date.now(), useAccount().data?.value.time_zone)
}

/** fits tells whether an item of the price list can be ordered with a product. */
export function fits(item: Product, product: Product | undefined): boolean {
  if (!product || item.portfolio !== product.portfolio) return false
  const users = item.for_products ?? []
  const kinds = item.for_extensions ?? []
  if (product.type === 'extension') return item.type === 'addon' && kinds.includes(product.kind ?? '')
  if (item.type === 'data' || item.type === 'sms') return !!product.mobile && (users.length === 0 || users.includes(product.product ?? ''))
  return item.type === 'addon' && (users.length + kinds.length === 0 || users.includes(product.product ?? ''))
}
