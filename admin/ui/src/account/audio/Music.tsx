import { Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, type Schemas } from '../../api/client'
import { DestinationField } from '../../forms/fields/Destination'
import { RecordingField } from '../../forms/fields/choices'
import { useExtensionNames } from '../../forms/fields/extensions'
import { Fields } from '../../forms/fields/Form'
import { Rows } from '../../forms/fields/Rows'
import { EditingForm } from '../../forms/EditingForm'
import type { Value } from '../../forms/SchemaForm'
import { useEditing } from '../../forms/useEditing'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useAudioTexts } from '../../messages/audio'
import { useAccountId } from '../useAccount'

/** Music is what callers hear while they wait: the account's playlist, and those of single extensions. */
export function Music() {
  const t = useAudioTexts()
  const [value, setValue] = useState<Value>({})
  const chosen = String(value.extension ?? '')
  const known = useExtensionNames([chosen]).has(chosen)
  return (
    <Stack>
      <Title order={2} size="h3">
        {t('music.title')}
      </Title>
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t('music.help')}
          </Text>
          <Playlist extension="" />
        </Stack>
      </Paper>
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Title order={3} size="h4">
            {t('music.own')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('music.own.help')}
          </Text>
          <Fields value={value} setValue={setValue} errors={{}}>
            <DestinationField path="extension" inside label={t('music.extension')} />
          </Fields>
          {known && <Playlist key={chosen} extension={chosen} />}
        </Stack>
      </Paper>
    </Stack>
  )
}

function Playlist({ extension }: { extension: string }) {
  const account = useAccountId()
  const read = () =>
    extension
      ? data(api.GET('/api/v1/accounts/{account}/extensions/{extension}/music-on-hold', { params: { path: { account, extension } } }))
      : data(api.GET('/api/v1/accounts/{account}/music-on-hold', { params: { path: { account } } }))
  const was = useQuery({ queryKey: ['music', account, extension], queryFn: read, staleTime: Infinity, gcTime: 0 })
  if (!was.data) return <ProblemAlert error={was.error} />
  return <Form extension={extension} first={was.data} />
}

/** Fields are rows, and the API knows a list of keys. */
function Form({ extension, first }: { extension: string; first: Schemas['Playlist'] }) {
  const t = useAudioTexts()
  const { t: app } = useMessages()
  const account = useAccountId()
  const form = useEditing({
    start: { value: { recordings: (first.recordings ?? []).map((key) => ({ key })) }, etag: '' },
    save: (v) => {
      const body = { recordings: ((v.recordings as { key?: string }[] | undefined) ?? []).flatMap((r) => (r.key ? [r.key] : [])) }
      return extension
        ? data(api.PUT('/api/v1/accounts/{account}/extensions/{extension}/music-on-hold', { params: { path: { account, extension } }, body }))
        : data(api.PUT('/api/v1/accounts/{account}/music-on-hold', { params: { path: { account } }, body }))
    },
    stale: ['music', account, extension],
  })
  return (
    <EditingForm editing={form}>
      <Rows
        path="recordings"
        order
        titles={[t('music.list')]}
        add={app('app.add')}
        empty={t('music.empty')}
        row={(at, i) => [<RecordingField key="r" path={`${at}.key`} cell={`${t('music.list')} ${i + 1}`} none="" />]}
      />
    </EditingForm>
  )
}
