import { Radio, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data } from '../../api/client'
import { useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { orderTexts } from './texts'
import type { StepProps } from './Wizard'

/** SimStep is the SIM of a user, now or later, and the mobile number. */
export function SimStep({ draft, set, errors }: StepProps) {
  const t = useTexts(orderTexts)
  const account = useAccountId()
  const numbers = useQuery({
    queryKey: ['numbers', account, 'free'],
    enabled: draft.numberType === 'new',
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/numbers', { params: { path: { account }, query: { limit: 500 } } })),
  })
  return (
    <>
      <Radio.Group label={t('sim')} value={draft.simNow ? 'now' : 'later'} onChange={(v) => set({ simNow: v === 'now' })}>
        <Stack gap="xs" mt="xs">
          <Radio value="now" label={t('sim.now')} />
          <Radio value="later" label={t('sim.later')} description={t('sim.later.help')} />
        </Stack>
      </Radio.Group>
      {draft.simNow && <SimSearch value={draft.sim} onChange={(sim) => set({ sim })} error={errors.sim} />}
      <div>
        <Text size="sm" fw={500} mb={4}>
          {t('number.type')}
        </Text>
        <SegmentedControl
          aria-label={t('number.type')}
          value={draft.numberType}
          onChange={(v) => set({ numberType: v as typeof draft.numberType, phoneNumber: '' })}
          data={[
            { value: '', label: t('none') },
            { value: 'new', label: t('number.new') },
            { value: 'ported', label: t('number.ported') },
          ]}
        />
      </div>
      {draft.numberType === 'new' && (
        <Select
          label={t('number.select')}
          searchable
          required
          value={draft.phoneNumber || null}
          error={errors.phone_number}
          onChange={(v) => set({ phoneNumber: v ?? '' })}
          data={(numbers.data?.items ?? []).filter((n) => !n.personal).map((n) => n.number)}
        />
      )}
      {draft.numberType === 'ported' && (
        <TextInput
          label={t('number.select')}
          description={t('number.help')}
          required
          type="tel"
          value={draft.phoneNumber}
          error={errors.phone_number}
          onChange={(e) => set({ phoneNumber: e.currentTarget.value.replace(/[^+0-9]/g, '') })}
        />
      )}
    </>
  )
}

/** SimSearch finds a free SIM by its last four digits. */
export function SimSearch({ value, onChange, error }: { value: string; onChange: (iccid: string) => void; error: string | undefined }) {
  const t = useTexts(orderTexts)
  const account = useAccountId()
  const [last, setLast] = useState(value.slice(-4))
  const whole = /^\d{4}$/.test(last)
  const found = useQuery({
    queryKey: ['sims', account, last],
    enabled: whole,
    staleTime: 0,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/sims', { params: { path: { account }, query: { last, free: true } } })),
  })
  const cards = whole ? (found.data?.items ?? []) : []
  return (
    <Stack gap="xs">
      <TextInput
        label={t('sim.last')}
        inputMode="numeric"
        maxLength={4}
        w={220}
        value={last}
        error={whole && found.isSuccess && cards.length === 0 ? t('sim.none') : error}
        onChange={(e) => {
          setLast(e.currentTarget.value.replace(/\D/g, ''))
          onChange('')
        }}
      />
      {cards.length > 0 && (
        <Radio.Group label={t('sim.choose')} value={value} onChange={onChange}>
          <Stack gap="xs" mt="xs">
            {cards.map((c) => (
              <Radio key={c.iccid} value={c.iccid} label={c.iccid} />
            ))}
          </Stack>
        </Radio.Group>
      )}
    </Stack>
  )
}
