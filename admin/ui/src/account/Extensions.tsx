import { Group, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { lazy, useState } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import type { Schemas } from '../api/client'
import { kinds, type Kind } from '../forms/fields/extensions'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { Tag } from '../layout/Tag'
import { useSoon } from '../layout/useSoon'
import { useMessages } from '../messages'
import { extensionList } from './extensions/list'
import { useAccountId } from './useAccount'

// The forms are many, and the list is first.
const extensionForm = async () => ({ default: (await import('./extensions/ExtensionForm')).ExtensionForm })
const ExtensionForm = lazy(extensionForm)

/** Extensions lists an account's extensions and opens the one that the address names. */
export function Extensions() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const go = useNavigate()
  const { extension } = useParams()
  const [filter, setFilter] = useSearchParams()
  const kind = (filter.get('kind') as Kind | null) ?? undefined
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed, 200)
  useSoon(extensionForm)
  const all = `/accounts/${account}/extensions`
  const keep = filter.size ? `?${filter}` : ''
  return (
    <Resource<Schemas['ExtensionSummary']>
      title={t('tab.extensions')}
      empty={t('extensions.empty')}
      filtered={kind || search ? t('extensions.none') : undefined}
      add={t('extensions.new')}
      {...extensionList(account, kind, search)}
      id={(e) => e.number}
      called={(e) => `${e.number} ${e.name}`}
      open={extension === 'new' ? '' : (extension ?? null)}
      setOpen={(id) => void go((id === null ? all : `${all}/${id || 'new'}`) + keep)}
      toolbar={
        <Group gap="sm">
          <TextInput type="search" aria-label={t('extensions.search')} placeholder={t('extensions.search')} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} w={230} />
          <NativeSelect
            aria-label={label('kind', language)}
            value={kind ?? ''}
            onChange={(e) => setFilter(e.currentTarget.value ? { kind: e.currentTarget.value } : {}, { replace: true })}
            data={[{ value: '', label: t('extensions.kinds') }, ...kinds.map((value) => ({ value, label: label(value, language) }))]}
            w={190}
          />
        </Group>
      }
      columns={[
        { title: label('number', language), cell: (e) => e.number },
        { title: label('name', language), cell: (e) => e.name },
        { title: label('kind', language), cell: (e) => <Tag>{label(e.kind, language)}</Tag> },
      ]}
      form={(number, done) => <ExtensionForm number={number} kind={kind} onDone={done} />}
    />
  )
}
