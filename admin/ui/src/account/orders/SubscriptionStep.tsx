import { Select, TextInput } from '@mantine/core'
import { useTexts } from '../../messages'
import { orderTexts } from './texts'
import { fits } from './useOrders'
import type { StepProps } from './Wizard'

/** SubscriptionStep are voice, data and SMS of a user with a SIM. */
export function SubscriptionStep({ draft, set, product, products, errors }: StepProps) {
  const t = useTexts(orderTexts)
  const choice = (type: 'data' | 'sms') => (
    <Select
      label={t(type)}
      placeholder={t('none')}
      clearable
      value={draft[type] || null}
      error={errors[type]}
      onChange={(v) => set({ [type]: v ?? '' })}
      data={products.filter((p) => p.type === type && fits(p, product)).map((p) => ({ value: p.code, label: p.name }))}
    />
  )
  return (
    <>
      <TextInput label={t('voice')} value={product?.name ?? ''} disabled />
      {choice('data')}
      {choice('sms')}
    </>
  )
}
