import { Fieldset, Group, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { api, data } from '../../api/client'
import { useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { AddOns } from './AddOnStep'
import { OrderForm, type FormOf } from './OrderForm'
import { SimSearch } from './SimStep'
import { orderTexts } from './texts'
import { fits, useProducts, useToday, type Product } from './useOrders'

/** ChangeOrder plans another product or other add-ons of an order. */
export function ChangeOrder(p: FormOf) {
  const t = useTexts(orderTexts)
  const { order } = p
  const account = useAccountId()
  const today = useToday()
  const products = useProducts().data?.items ?? []
  const [code, setCode] = useState(order.product)
  const [dataCode, setData] = useState(order.data ?? '')
  const [sms, setSMS] = useState(order.sms ?? '')
  const [addOns, setAddOns] = useState(order.add_ons ?? [])
  const [date, setDate] = useState(order.start > today ? order.start : today)
  const [reference, setReference] = useState('')
  const [sim, setSim] = useState('')
  const product = products.find((x) => x.code === code)
  const others = products.filter((x) => (order.kind === 'user' ? x.type === 'user' : x.type === 'extension' && x.kind === order.kind))
  const choose = (next: string) => {
    const to = products.find((x) => x.code === next)
    const ok = (c: string) => fits(products.find((x) => x.code === c) ?? ({} as Product), to)
    setCode(next)
    setAddOns(addOns.filter(ok))
    if (!ok(dataCode)) setData('')
    if (!ok(sms)) setSMS('')
  }
  const body = { portfolio: product?.portfolio ?? order.portfolio, product: code, data: dataCode, sms, add_ons: addOns, date, reference, sim }
  const send = () =>
    data(api.POST('/api/v1/accounts/{account}/orders/{order}/changes', { params: { path: { account, order: order.id }, header: { 'If-Match': p.etag } }, body }))
  const choice = (type: 'data' | 'sms', value: string, set: (v: string) => void, error: string | undefined) => (
    <Select
      label={t(type)}
      placeholder={t('none')}
      clearable
      value={value || null}
      error={error}
      onChange={(v) => set(v ?? '')}
      data={products.filter((x) => x.type === type && fits(x, product)).map((x) => ({ value: x.code, label: x.name }))}
    />
  )
  return (
    <OrderForm {...p} title={t('change')} submit={t('place')} send={send}>
      {(errors) => (
        <>
          <Group grow align="flex-start">
            <Select
              data-autofocus
              label={t('product')}
              required
              allowDeselect={false}
              value={code}
              error={errors.product ?? errors.portfolio}
              onChange={(v) => choose(v ?? order.product)}
              data={others.map((x) => ({ value: x.code, label: x.name }))}
            />
            <TextInput type="date" required label={t('plan_date')} min={today} value={date} error={errors.date} onChange={(e) => setDate(e.currentTarget.value)} />
          </Group>
          {product?.mobile && (
            <Group grow align="flex-start">
              {choice('data', dataCode, setData, errors.data)}
              {choice('sms', sms, setSMS, errors.sms)}
            </Group>
          )}
          {product?.mobile && !order.sim && !order.needs_sim && <SimSearch value={sim} onChange={setSim} error={errors.sim} />}
          <Fieldset legend={t('step.addons')}>
            <AddOns chosen={addOns} onChange={setAddOns} product={product} products={products} errors={errors} />
          </Fieldset>
          <TextInput label={t('reference')} maxLength={100} value={reference} error={errors.reference} onChange={(e) => setReference(e.currentTarget.value)} />
        </>
      )}
    </OrderForm>
  )
}
