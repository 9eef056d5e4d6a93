import { Checkbox, Group, PasswordInput, Select, SimpleGrid, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data } from '../../api/client'
import { useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { orderTexts, type OrderText } from './texts'
import type { StepProps } from './Wizard'

const routing = ['time', 'limit', 'location', 'authentication', 'picker', 'forward']

/** ExtensionStep is the user or functional extension that an order makes, or one that is there. */
export function ExtensionStep({ draft, set, product, errors }: StepProps) {
  const t = useTexts(orderTexts)
  const account = useAccountId()
  const user = product?.type === 'user'
  const kind = user ? 'user' : product?.kind
  const all = useQuery({
    queryKey: ['extensions', account, 'numbers'],
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { limit: 500 } } })),
  })
  const next = useQuery({
    queryKey: ['extensions', account, 'next'],
    staleTime: 0,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/next-extension', { params: { path: { account } } })),
  })
  const list = all.data?.items ?? []
  const e = draft.extension
  const field = (key: 'name' | 'area_code' | 'uri' | 'destination' | 'announcement', required = false) => (
    <TextInput
      label={t(key)}
      required={required}
      value={e[key] ?? ''}
      error={errors[`extension.${key}`]}
      autoComplete="off"
      onChange={(x) => set({ extension: { ...e, [key]: x.currentTarget.value } })}
    />
  )
  const person = (key: 'first_name' | 'prefix' | 'last_name' | 'email') => (
    <TextInput
      label={t(key as OrderText)}
      value={draft.subscriber[key] ?? ''}
      error={errors[`subscriber.${key}`]}
      autoComplete="off"
      onChange={(x) => set({ subscriber: { ...draft.subscriber, [key]: x.currentTarget.value } })}
    />
  )
  const people = user && product?.mobile && (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      {person('first_name')}
      {person('prefix')}
      {person('last_name')}
      {person('email')}
    </SimpleGrid>
  )
  const existing = <Checkbox label={t('existing')} checked={draft.existing} onChange={(x) => set({ existing: x.currentTarget.checked, number: '' })} />
  if (draft.existing) {
    return (
      <>
        {existing}
        <Select
          label={t('extension')}
          required
          searchable
          value={draft.number || null}
          error={errors['extension.existing']}
          onChange={(v) => set({ number: v ?? '' })}
          data={list.filter((x) => x.kind === kind).map((x) => ({ value: x.number, label: `${x.number} ${x.name}` }))}
        />
        {people}
      </>
    )
  }
  return (
    <>
      {field('name')}
      {people}
      <Group align="flex-end">
        <TextInput
          label={t('extension')}
          inputMode="numeric"
          value={draft.next ? (next.data?.number ?? '') : draft.number}
          disabled={draft.next}
          error={errors['extension.number']}
          onChange={(x) => set({ number: x.currentTarget.value })}
        />
        <Checkbox pb={8} label={t('next')} checked={draft.next} onChange={(x) => set({ next: x.currentTarget.checked, number: next.data?.number ?? '' })} />
      </Group>
      {list.length > 0 && (
        <Text size="sm" c="dimmed">
          {t('taken')}: {list.slice(0, 40).map((x) => x.number).join(', ')}
          {list.length > 40 && ' …'}
        </Text>
      )}
      {(user || kind === 'voicemail') && (
        <PasswordInput
          label={t('pin')}
          description={user ? t('pin.help') : undefined}
          inputMode="numeric"
          autoComplete="new-password"
          value={e.pin ?? ''}
          error={errors['extension.pin']}
          onChange={(x) => set({ extension: { ...e, pin: x.currentTarget.value } })}
        />
      )}
      {user && field('area_code')}
      {kind === 'ai' && field('uri', true)}
      {kind && routing.includes(kind) && field('destination', true)}
      {kind === 'auto_answer' && field('announcement', true)}
      {(user || kind === 'ivr' || kind === 'queue') && (
        <Select
          label={t('language')}
          placeholder={t('language.account')}
          clearable
          value={e.language || null}
          error={errors['extension.language']}
          onChange={(v) => set({ extension: { ...e, language: (v ?? '') as typeof e.language } })}
          data={['en', 'nl', 'de', 'es', 'lv'].map((l) => ({ value: l, label: new Intl.DisplayNames([l], { type: 'language' }).of(l) ?? l }))}
        />
      )}
    </>
  )
}
