import { Group, NumberInput, Select, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { api, data } from '../../api/client'
import { useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { useAccount, useAccountId } from '../useAccount'
import { orderTexts } from './texts'
import { useToday } from './useOrders'
import type { StepProps } from './Wizard'

const months = [0, 1, 12, 24, 36]

/** ProductStep is for whom and what is ordered, and from when on. */
export function ProductStep({ draft, set, product, products, errors }: StepProps) {
  const t = useTexts(orderTexts)
  const today = useToday()
  const portfolios = [...new Set(products.map((p) => p.portfolio))]
  const of = (type: string) => products.filter((p) => p.type === type && p.portfolio === draft.portfolio).map((p) => ({ value: p.code, label: p.name }))
  return (
    <>
      <Customer />
      <Group grow align="flex-start">
        <Select label={t('portfolio')} required allowDeselect={false} value={draft.portfolio} error={errors.portfolio} onChange={(v) => set({ portfolio: v ?? '' })} data={portfolios} />
        <Select
          label={t('product')}
          required
          searchable
          allowDeselect={false}
          value={draft.product || null}
          error={errors.product}
          nothingFoundMessage={t(products.length === 0 ? 'loading' : 'filtered')}
          onChange={(v) => set({ product: v ?? '' })}
          data={[
            { group: t('group.users'), items: of('user') },
            { group: t('group.extensions'), items: of('extension') },
          ]}
        />
      </Group>
      <Group grow align="flex-start">
        <TextInput type="date" label={t('start')} required min={today} value={draft.start} error={errors.start} onChange={(e) => set({ start: e.currentTarget.value })} />
        <TextInput label={t('reference')} maxLength={100} value={draft.reference} error={errors.reference} onChange={(e) => set({ reference: e.currentTarget.value })} />
      </Group>
      {product?.mobile && (
        <Select
          label={t('contract')}
          allowDeselect={false}
          value={String(draft.months)}
          error={errors.contract_months}
          onChange={(v) => set({ months: Number(v) })}
          data={months.map((n) => ({ value: String(n), label: n ? t('contract.months', { n }) : t('contract.none') }))}
        />
      )}
      {product?.kind === 'queue' && (
        <NumberInput
          label={t('call_limit')}
          description={t('call_limit.help')}
          min={0}
          max={10000}
          value={draft.extension.call_limit ?? 0}
          error={errors['extension.call_limit']}
          onChange={(v) => set({ extension: { ...draft.extension, call_limit: Number(v) || 0 } })}
        />
      )}
    </>
  )
}

/** Customer is whom the order is for; another one is another page. */
function Customer() {
  const t = useTexts(orderTexts)
  const me = useSession()
  const id = useAccountId()
  const own = useAccount().data?.value
  const go = useNavigate()
  const [typed, setTyped] = useState('')
  const [name] = useDebouncedValue(typed, 250)
  const found = useQuery({
    queryKey: ['accounts', 'choice', name],
    enabled: !me?.account,
    queryFn: () => data(api.GET('/api/v1/accounts', { params: { query: { limit: 20, ...(name && name !== own?.name ? { name } : {}) } } })),
  })
  if (me?.account) return <TextInput label={t('customer')} value={own?.name ?? ''} disabled />
  const all = (found.data?.items ?? []).map((a) => ({ value: String(a.id), label: a.name }))
  if (own && !all.some((a) => a.value === String(id))) all.unshift({ value: String(id), label: own.name })
  return (
    <Select
      label={t('customer')}
      required
      searchable
      allowDeselect={false}
      value={String(id)}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      onChange={(v) => v && void go(`/accounts/${v}/orders/new`)}
      data={all}
    />
  )
}
