import { Group, Select, TextInput } from '@mantine/core'
import { label } from '../../forms/labels'
import { useMessages, useTexts } from '../../messages'
import type { Filter } from './filter'
import { recordingTexts } from './texts'

/** Filters choose recordings; whose own they are has one user only. */
export function Filters({ filter, onChange, own }: { filter: Filter; onChange: (f: Filter) => void; own: boolean }) {
  const { language } = useMessages()
  const t = useTexts(recordingTexts)
  const set = (part: Partial<Filter>) => onChange({ ...filter, ...part })
  return (
    <Group gap="xs" align="end">
      <TextInput type="date" label={t('from')} value={filter.from} onChange={(e) => set({ from: e.currentTarget.value })} />
      <TextInput type="date" label={t('to')} value={filter.to} onChange={(e) => set({ to: e.currentTarget.value })} />
      {!own && <TextInput label={t('user')} w={90} inputMode="numeric" value={filter.user} onChange={(e) => set({ user: e.currentTarget.value })} />}
      <TextInput label={t('number')} w={150} value={filter.number} onChange={(e) => set({ number: e.currentTarget.value })} />
      <Select
        label={t('direction')}
        w={130}
        value={filter.direction}
        data={[{ value: '', label: t('all') }, ...['inbound', 'outbound'].map((d) => ({ value: d, label: label(d, language) }))]}
        onChange={(v) => set({ direction: v ?? '' })}
      />
    </Group>
  )
}
