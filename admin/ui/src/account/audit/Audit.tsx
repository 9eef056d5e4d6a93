import { Badge, Drawer, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { api, data, type Schemas } from '../../api/client'
import { label } from '../../forms/labels'
import { Resource } from '../../layout/Resource'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { moment } from '../time'
import { plusDays, startOf } from '../zone'
import { Change } from './Change'
import { auditTexts } from './texts'

type Entry = Schemas['AuditEntry']
type Filter = { actor: string; entity: string; from: string; to: string }

const entities = ['account', 'extension', 'reach', 'queue agent', 'channel', 'devices', 'number', 'scheme', 'plan', 'override', 'roster', 'holidays', 'privacy group', 'recording', 'message', 'login', 'token', 'outbound']
const colors: Record<string, string> = { create: 'teal', update: 'blue', delete: 'red' }

/** Audit is who changed what, and when; each change opens with what was there before and after. */
export function Audit() {
  const { t: app, language } = useMessages()
  const t = useTexts(auditTexts)
  const { account, zone } = usePlace()
  const [filter, setFilter] = useState<Filter>({ actor: '', entity: '', from: '', to: '' })
  const [asked] = useDebouncedValue(filter, 300)
  const [open, setOpen] = useState<Entry | null>(null)
  const query = {
    ...(asked.actor && { actor: asked.actor }),
    ...(asked.entity && { entity: asked.entity }),
    ...(asked.from && { from: startOf(asked.from, zone).toISOString() }),
    ...(asked.to && { to: startOf(plusDays(asked.to, 1), zone).toISOString() }),
  }
  return (
    <>
      <Resource<Entry>
        title={app('tab.audit')}
        empty={t(Object.keys(query).length > 0 ? 'none' : 'empty')}
        queryKey={['audit', account, query]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/audit', { params: { path: { account }, query: { cursor, limit: 50, ...query } } }))}
        id={(e) => String(e.id)}
        onOpen={setOpen}
        toolbar={<Filters filter={filter} onChange={setFilter} />}
        columns={[
          { title: app('audit.when'), cell: (e) => moment(e.at, zone, language) },
          { title: app('audit.who'), cell: (e) => <Who actor={e.actor} /> },
          { title: app('audit.what'), cell: (e) => <What entry={e} /> },
        ]}
      />
      <Drawer opened={open !== null} onClose={() => setOpen(null)} position="right" size="xl" title={t('details')}>
        {open && (
          <>
            <Group mb="md">
              <Text size="sm">{moment(open.at, zone, language)}</Text>
              <Who actor={open.actor} />
              <What entry={open} />
            </Group>
            <Change entry={open} />
          </>
        )}
      </Drawer>
    </>
  )
}

/** Who shows an actor without what only machines need. */
function Who({ actor }: { actor: string }) {
  const t = useTexts(auditTexts)
  const [, kind, name] = /^(login|token) \d+ \((.*)\)$/.exec(actor) ?? []
  if (kind === 'login') return <>{name}</>
  if (kind === 'token') return <>{t('who.token', { name: name! })}</>
  const user = /^user (\d+)$/.exec(actor)
  return <>{user ? t('who.user', { name: user[1]! }) : actor}</>
}

function What({ entry }: { entry: Entry }) {
  const { language } = useMessages()
  const t = useTexts(auditTexts)
  const action = `action.${entry.action}` as keyof typeof auditTexts.en
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm">
        {label(entry.entity.replaceAll(' ', '_'), language)} <b>{entry.entity_id}</b>
      </Text>
      <Badge variant="light" color={colors[entry.action] ?? 'gray'} tt="none">
        {action in auditTexts.en ? t(action) : entry.action}
      </Badge>
    </Group>
  )
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (f: Filter) => void }) {
  const { language } = useMessages()
  const t = useTexts(auditTexts)
  const set = (part: Partial<Filter>) => onChange({ ...filter, ...part })
  return (
    <Group gap="xs" align="end">
      <TextInput label={t('who')} value={filter.actor} onChange={(e) => set({ actor: e.currentTarget.value })} />
      <Select
        label={t('entity')}
        w={170}
        searchable
        value={filter.entity}
        data={[{ value: '', label: t('all') }, ...entities.map((e) => ({ value: e, label: label(e.replaceAll(' ', '_'), language) }))]}
        onChange={(v) => set({ entity: v ?? '' })}
      />
      <TextInput type="date" label={t('from')} value={filter.from} onChange={(e) => set({ from: e.currentTarget.value })} />
      <TextInput type="date" label={t('to')} value={filter.to} onChange={(e) => set({ to: e.currentTarget.value })} />
    </Group>
  )
}
