import { Badge, Group, Select, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { api, data, type Schemas } from '../../api/client'
import { label } from '../../forms/labels'
import { Resource } from '../../layout/Resource'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { plusDays, startOf } from '../zone'
import { callTexts } from './texts'

type Filter = { text: string; direction: string; answered: string; from: string; to: string }

const everything: Filter = { text: '', direction: '', answered: '', from: '', to: '' }

/** PastCalls are the records of calls, the newest first. */
export function PastCalls({ onOpen }: { onOpen: (call: string) => void }) {
  const { t: app, language } = useMessages()
  const t = useTexts(callTexts)
  const { account, zone } = usePlace()
  const [filter, setFilter] = useState(everything)
  const [asked] = useDebouncedValue(filter, 300)
  const query = {
    ...(asked.text && { text: asked.text }),
    ...(asked.direction && { direction: asked.direction as Schemas['Call']['direction'] }),
    ...(asked.answered && { answered: asked.answered as 'yes' | 'no' }),
    ...(asked.from && { from: startOf(asked.from, zone).toISOString() }),
    ...(asked.to && { to: startOf(plusDays(asked.to, 1), zone).toISOString() }),
  }
  const any = Object.keys(query).length > 0
  return (
    <Resource<Schemas['Call']>
      title={t('past')}
      empty={any ? t('none') : app('calls.empty')}
      queryKey={['calls', account, query]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/calls', { params: { path: { account }, query: { cursor, limit: 50, ...query } } }))}
      id={(c) => c.id}
      onOpen={(c) => onOpen(c.id)}
      toolbar={<Filters filter={filter} onChange={setFilter} />}
      columns={[
        { title: app('calls.when'), cell: (c) => moment(c.started, zone, language) },
        { title: app('calls.direction'), cell: (c) => label(c.direction, language) },
        { title: app('calls.caller'), cell: (c) => [c.caller_number, c.caller_name].filter(Boolean).join(' ') || '–' },
        { title: app('calls.dialed'), cell: (c) => c.dialed },
        { title: app('calls.duration'), cell: (c) => (c.answered ? span(c.duration) : <Badge variant="light" color="orange">{t('missed')}</Badge>) },
        { title: app('calls.cause'), cell: (c) => label(c.cause, language) },
      ]}
    />
  )
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (f: Filter) => void }) {
  const { language } = useMessages()
  const t = useTexts(callTexts)
  const set = (part: Partial<Filter>) => onChange({ ...filter, ...part })
  const option = (value: string, text: string) => ({ value, label: text })
  return (
    <Group gap="xs" align="end">
      <TextInput label={t('search')} w={170} value={filter.text} onChange={(e) => set({ text: e.currentTarget.value })} />
      <Select
        label={t('direction')}
        w={130}
        value={filter.direction}
        data={[option('', t('all')), ...['inbound', 'outbound', 'internal'].map((d) => option(d, label(d, language)))]}
        onChange={(v) => set({ direction: v ?? '' })}
      />
      <Select label={t('outcome')} w={150} value={filter.answered} data={[option('', t('all')), option('yes', t('answered')), option('no', t('missed'))]} onChange={(v) => set({ answered: v ?? '' })} />
      <TextInput type="date" label={t('from')} value={filter.from} onChange={(e) => set({ from: e.currentTarget.value })} />
      <TextInput type="date" label={t('to')} value={filter.to} onChange={(e) => set({ to: e.currentTarget.value })} />
    </Group>
  )
}
