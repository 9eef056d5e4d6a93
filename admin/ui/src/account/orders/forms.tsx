import { Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { api, data } from '../../api/client'
import { useMessages, useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { plusDays } from '../zone'
import { OrderForm, type FormOf } from './OrderForm'
import { SimSearch } from './SimStep'
import { orderTexts } from './texts'
import { useProducts, useToday } from './useOrders'

function useParams({ order, etag }: FormOf) {
  const account = useAccountId()
  return { path: { account, order: order.id }, header: { 'If-Match': etag } }
}

export function Terminate(p: FormOf) {
  const t = useTexts(orderTexts)
  const tomorrow = plusDays(useToday(), 1)
  const [end, setEnd] = useState(tomorrow)
  const [reference, setReference] = useState('')
  const params = useParams(p)
  return (
    <OrderForm {...p} danger title={t('terminate')} submit={t('terminate.do')} send={() => data(api.POST('/api/v1/accounts/{account}/orders/{order}/termination', { params, body: { end, reference } }))}>
      {(errors) => (
        <>
          <TextInput data-autofocus type="date" required label={t('end_date')} description={t('end.help')} min={tomorrow} value={end} error={errors.end} onChange={(e) => setEnd(e.currentTarget.value)} />
          <TextInput label={t('reference')} maxLength={100} value={reference} error={errors.reference} onChange={(e) => setReference(e.currentTarget.value)} />
        </>
      )}
    </OrderForm>
  )
}

export function ConnectSIM(p: FormOf) {
  const t = useTexts(orderTexts)
  const [sim, setSim] = useState('')
  const params = useParams(p)
  return (
    <OrderForm {...p} title={t('sim.connect')} submit={t('match')} disabled={!sim} send={() => data(api.POST('/api/v1/accounts/{account}/orders/{order}/sim', { params, body: { sim } }))}>
      {(errors) => <SimSearch value={sim} onChange={setSim} error={errors.sim} />}
    </OrderForm>
  )
}

export function StartBilling(p: FormOf) {
  const t = useTexts(orderTexts)
  const [from, setFrom] = useState(useToday())
  const params = useParams(p)
  return (
    <OrderForm {...p} title={t('billing.start')} submit={t('billing.start')} send={() => data(api.POST('/api/v1/accounts/{account}/orders/{order}/billing', { params, body: { from } }))}>
      {(errors) => <TextInput data-autofocus type="date" required label={t('from_date')} value={from} error={errors.from} onChange={(e) => setFrom(e.currentTarget.value)} />}
    </OrderForm>
  )
}

export function Credit(p: FormOf) {
  const t = useTexts(orderTexts)
  const { t: app } = useMessages()
  const [name, setName] = useState('')
  const [amount, setAmount] = useState('')
  const [date, setDate] = useState(useToday())
  const currency = useProducts().data?.items?.[0]?.currency ?? 'EUR'
  const params = useParams(p)
  return (
    <OrderForm {...p} title={t('credit')} submit={app('app.add')} send={() => data(api.POST('/api/v1/accounts/{account}/orders/{order}/credits', { params, body: { name, amount: amount.replace(',', '.'), currency, date } }))}>
      {(errors) => (
        <>
          <TextInput data-autofocus required label={t('description')} maxLength={200} value={name} error={errors.name} onChange={(e) => setName(e.currentTarget.value)} />
          <Group grow align="flex-start">
            <TextInput required label={t('amount')} inputMode="decimal" placeholder="12.50" rightSection={currency} rightSectionWidth={52} value={amount} error={errors.amount} onChange={(e) => setAmount(e.currentTarget.value)} />
            <TextInput type="date" required label={t('from_date')} value={date} error={errors.date} onChange={(e) => setDate(e.currentTarget.value)} />
          </Group>
        </>
      )}
    </OrderForm>
  )
}
