import { ActionIcon, Group, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useAccountId } from '../../account/useAccount'
import { api, data } from '../../api/client'
import { useMessages } from '../../messages'
import { useCommon, type FieldProps } from './basic'
import { useField } from './Form'

/** useRecordings are the account's audio recordings. */
export function useRecordings() {
  const account = useAccountId()
  return useQuery({ queryKey: ['audio', account], staleTime: 30_000, queryFn: () => data(api.GET('/api/v1/accounts/{account}/audio', { params: { path: { account } } })) })
}

/** RecordingField is one of the account's recordings, which can be heard beside it. */
export function RecordingField(p: FieldProps & { none: string }) {
  const { t } = useMessages()
  const account = useAccountId()
  const f = useField<string>(p.path)
  const [heard, setHeard] = useState<string | null>(null)
  const list = useRecordings().data?.items ?? []
  const choices = list.map((r) => ({ value: r.key, label: r.name === r.key ? r.key : `${r.name} (${r.key})` }))
  if (f.value && !list.some((r) => r.key === f.value)) choices.push({ value: f.value, label: f.value })
  return (
    <div>
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <Select
          {...useCommon(p)}
          style={{ flex: 1 }}
          data={choices}
          value={f.value ?? null}
          onChange={(v) => f.set(v ?? undefined)}
          clearable={!p.required}
          searchable
          placeholder={p.none}
        />
        {f.value && (
          <ActionIcon variant="default" size={36} aria-label={t('audio.play')} onClick={() => setHeard(heard ? null : f.value!)}>
            ▶
          </ActionIcon>
        )}
      </Group>
      {heard && heard === f.value && (
        // A player of what telephones say: there are no captions of it.
        <audio controls autoPlay src={`/api/v1/accounts/${account}/audio/${heard}/file`} style={{ width: '100%', marginTop: 8 }} />
      )}
    </div>
  )
}

/** OwnNumberField is a number of the account, to be shown to those who are called. */
export function OwnNumberField(p: FieldProps & { none?: string; fixed?: { value: string; label: string }[] }) {
  const account = useAccountId()
  const f = useField<string>(p.path)
  const numbers =
    useQuery({
      queryKey: ['numbers', account, 'choices'],
      staleTime: 30_000,
      queryFn: () => data(api.GET('/api/v1/accounts/{account}/numbers', { params: { path: { account }, query: { limit: 500 } } })),
    }).data?.items ?? []
  const choices = [...(p.fixed ?? []), ...numbers.map((n) => ({ value: n.number, label: n.personal ? `${n.number} (${n.personal})` : n.number }))]
  if (f.value && !choices.some((c) => c.value === f.value)) choices.push({ value: f.value, label: f.value })
  return (
    <Select
      {...useCommon(p)}
      data={choices}
      value={f.value ?? p.fixed?.[0]?.value ?? null}
      onChange={(v) => f.set(v ?? undefined)}
      clearable={!p.fixed}
      searchable
      placeholder={p.none}
    />
  )
}
