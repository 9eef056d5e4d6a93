import { Badge, Button, FileButton, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, ProblemError, row } from '../../api/client'
import { TextField } from '../../forms/fields/basic'
import { DestinationField } from '../../forms/fields/Destination'
import { Fields } from '../../forms/fields/Form'
import { EditingForm } from '../../forms/EditingForm'
import type { Value } from '../../forms/SchemaForm'
import { useEditing, type Row } from '../../forms/useEditing'
import { Submit } from '../../forms/Submit'
import { ProblemAlert } from '../../layout/Problem'
import { useAudioTexts } from '../../messages/audio'
import { useAccountId } from '../useAccount'
import { replaceAudio } from './send'

/** Recording is one of them: heard, renamed, replaced, copied and deleted. */
export function Recording({ id, onDone }: { id: string; onDone: () => void }) {
  const account = useAccountId()
  const was = useQuery({
    queryKey: ['recording', account, id],
    queryFn: () => row(api.GET('/api/v1/accounts/{account}/audio/{audio}', { params: { path: { account, audio: id } } })),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (!was.data) return <ProblemAlert error={was.error} />
  return <Form id={id} first={{ value: { name: was.data.value.name }, etag: was.data.etag }} usedBy={was.data.value.used_by ?? []} onDone={onDone} />
}

function Form({ id, first, usedBy, onDone }: { id: string; first: Row; usedBy: string[]; onDone: () => void }) {
  const t = useAudioTexts()
  const account = useAccountId()
  const client = useQueryClient()
  const path = { account, audio: id }
  const file = `/api/v1/accounts/${account}/audio/${id}/file`
  const [version, setVersion] = useState(0)
  const read = async (): Promise<Row> => {
    const now = await row(api.GET('/api/v1/accounts/{account}/audio/{audio}', { params: { path } }))
    return { value: { name: now.value.name }, etag: now.etag }
  }
  const form = useEditing({
    start: first,
    read,
    save: (v, etag) => data(api.PUT('/api/v1/accounts/{account}/audio/{audio}', { params: { path, header: { 'If-Match': etag } }, body: { name: String(v.name ?? '') } })),
    remove: (etag) => data(api.DELETE('/api/v1/accounts/{account}/audio/{audio}', { params: { path, header: { 'If-Match': etag } } })),
    stale: ['audio', account],
    onSaved: onDone,
    onRemoved: onDone,
  })
  const replace = useMutation({
    mutationFn: async (f: File) => replaceAudio(account, id, (await read()).etag, f),
    onSuccess: async () => {
      setVersion(version + 1)
      await client.invalidateQueries({ queryKey: ['audio', account] })
    },
  })
  return (
    <Stack gap="lg">
      <audio controls key={version} src={file} style={{ width: '100%' }} />
      <Group gap="xs">
        <FileButton accept="audio/wav,audio/x-wav,audio/mpeg,.wav,.mp3" onChange={(f) => f && replace.mutate(f)}>
          {(props) => (
            <Button {...props} variant="default" size="xs" loading={replace.isPending}>
              {t('replace')}
            </Button>
          )}
        </FileButton>
        <Button variant="default" size="xs" component="a" href={file} download={`${id}.wav`}>
          {t('download')}
        </Button>
      </Group>
      <ProblemAlert error={replace.error} />
      <div>
        <Text size="sm" fw={500}>
          {t('used')}
        </Text>
        <Group gap={6}>
          {usedBy.map((u) => (
            <Badge key={u} variant="light" tt="none">
              {u}
            </Badge>
          ))}
          {usedBy.length === 0 && (
            <Text size="sm" c="dimmed">
              {t('used.none')}
            </Text>
          )}
        </Group>
      </div>
      <EditingForm editing={form} what={String(form.value.name ?? id)}>
        <TextField path="name" label={t('name')} maxLength={200} required />
      </EditingForm>
      <Copy id={id} />
    </Stack>
  )
}

/** Copy gives another extension a copy of its own. */
function Copy({ id }: { id: string }) {
  const t = useAudioTexts()
  const account = useAccountId()
  const client = useQueryClient()
  const [value, setValue] = useState<Value>({})
  const copy = useMutation({
    mutationFn: () =>
      data(
        api.POST('/api/v1/accounts/{account}/audio/{audio}/copy', {
          params: { path: { account, audio: id } },
          body: { extension: String(value.extension ?? ''), ...(value.name ? { name: String(value.name) } : {}) },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['audio', account] }),
  })
  const errors = copy.error instanceof ProblemError ? copy.error.fields : {}
  return (
    <Submit on={() => copy.mutate()}>
      <Fields
        value={value}
        errors={errors}
        setValue={(v) => {
          copy.reset()
          setValue(v)
        }}
      >
        <Stack gap="sm">
          <Text fw={500}>{t('copy')}</Text>
          <DestinationField path="extension" inside label={t('copy.extension')} required />
          <TextField path="name" label={t('copy.name')} maxLength={200} />
          <ProblemAlert error={copy.error} shown={Object.keys(errors)} />
          <Group justify="space-between">
            <Text size="sm" role="status">
              {copy.isSuccess ? t('copied', { extension: String(value.extension) }) : ''}
            </Text>
            <Button type="submit" variant="default" loading={copy.isPending}>
              {t('copy.do')}
            </Button>
          </Group>
        </Stack>
      </Fields>
    </Submit>
  )
}
