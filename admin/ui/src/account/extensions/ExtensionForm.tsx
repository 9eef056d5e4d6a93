import { Badge, Button, Group, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, row, type Schemas } from '../../api/client'
import { TextField } from '../../forms/fields/basic'
import { kinds, type Kind } from '../../forms/fields/extensions'
import { useField } from '../../forms/fields/Form'
import { EditingForm } from '../../forms/EditingForm'
import { label } from '../../forms/labels'
import type { Value } from '../../forms/SchemaForm'
import { useEditing, type Row } from '../../forms/useEditing'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useConfigTexts } from '../../messages/config'
import { useDetailsTexts } from '../../messages/details'
import { useAccount, useAccountId } from '../useAccount'
import { UserOutbound } from '../details/UserOutbound'
import { kindForms } from './kinds'
import { body, start } from './start'

/** ExtensionForm is the form of an extension, or of a new one (number ''). */
export function ExtensionForm({ number, kind = 'user', onDone }: { number: string; kind?: Kind; onDone: () => void }) {
  const account = useAccountId()
  const was = useQuery({
    queryKey: ['extension', account, number],
    queryFn: () => row(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path: { account, extension: number } } })),
    enabled: number !== '',
    staleTime: Infinity,
    gcTime: 0,
  })
  if (was.error && !was.data) return <ProblemAlert error={was.error} />
  if (number === '') return <Form key="" number="" first={{ value: start(kind), etag: '' }} onDone={onDone} />
  if (!was.data) return null
  return <Form key={number} number={number} first={{ value: was.data.value as unknown as Value, etag: was.data.etag }} onDone={onDone} />
}

function Form({ number, first, onDone }: { number: string; first: Row; onDone: () => void }) {
  const account = useAccountId()
  const path = { account, extension: number }
  const form = useEditing({
    start: first,
    read: number
      ? async () => {
          const now = await row(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path } }))
          return { value: now.value as unknown as Value, etag: now.etag }
        }
      : undefined,
    save: (value, etag) =>
      number
        ? data(api.PUT('/api/v1/accounts/{account}/extensions/{extension}', { params: { path, header: { 'If-Match': etag } }, body: body(value) }))
        : data(api.POST('/api/v1/accounts/{account}/extensions', { params: { path: { account } }, body: body(value) })),
    remove: number ? (etag) => data(api.DELETE('/api/v1/accounts/{account}/extensions/{extension}', { params: { path, header: { 'If-Match': etag } } })) : undefined,
    stale: ['extensions', account],
    onSaved: onDone,
    onRemoved: onDone,
  })
  const kind = form.value.kind as Kind
  const Part = kindForms[kind]
  return (
    <Stack gap="xl">
      <EditingForm editing={form} what={[number, form.value.name].filter(Boolean).join(' ')}>
        <Head isNew={number === ''} onKind={(k) => form.setValue({ ...start(k), number: form.value.number, name: form.value.name })} />
        <Part />
      </EditingForm>
      {number !== '' && kind === 'user' && <CallingOut user={number} />}
    </Stack>
  )
}

/** CallingOut is kept apart from the extension, and shown when somebody asks for it. */
function CallingOut({ user }: { user: string }) {
  const t = useDetailsTexts()
  const [open, setOpen] = useState(false)
  return (
    <div>
      <Button variant="default" size="xs" mb="md" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t('user.title')}
      </Button>
      {open && <UserOutbound user={user} />}
    </div>
  )
}

/** Head is what every extension has. */
function Head({ isNew, onKind }: { isNew: boolean; onKind: (k: Kind) => void }) {
  const { language } = useMessages()
  const t = useConfigTexts()
  const kind = useField<Kind>('kind')
  const k = kind.value ?? 'user'
  return (
    <Stack gap="sm">
      {isNew ? (
        <Select
          label={label('kind', language)}
          description={t(`kind.${k}`)}
          value={k}
          error={kind.error}
          data={kinds.map((value) => ({ value, label: label(value, language) }))}
          renderOption={({ option }) => (
            <div>
              <Text size="sm" fw={500}>
                {option.label}
              </Text>
              <Text size="xs" c="dimmed">
                {t(`kind.${option.value as Kind}`)}
              </Text>
            </div>
          )}
          allowDeselect={false}
          maxDropdownHeight={420}
          onChange={(v) => v && onKind(v as Kind)}
        />
      ) : (
        <Group gap="xs">
          <Badge variant="light">{label(k, language)}</Badge>
          <Text size="sm" c="dimmed">
            {t(`kind.${k}`)}
          </Text>
        </Group>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <NumberOf isNew={isNew} />
        <TextField path="name" maxLength={200} />
      </SimpleGrid>
    </Stack>
  )
}

/** NumberOf is its number; of a new one the next that is free is one press away. */
function NumberOf({ isNew }: { isNew: boolean }) {
  const t = useConfigTexts()
  const account = useAccountId()
  const length = useAccount().data?.value.extension_length
  const f = useField<string>('number')
  const next = useMutation({
    mutationFn: () => data(api.GET('/api/v1/accounts/{account}/next-extension', { params: { path: { account }, query: f.value?.length === length ? { from: f.value } : {} } })),
    onSuccess: (n: Schemas['NextExtension']) => f.set(n.number),
  })
  return (
    <div>
      <TextField path="number" inputMode="numeric" maxLength={5} required help={length ? t('number.help', { n: length }) : undefined} />
      {isNew && (
        <Button variant="subtle" size="compact-sm" mt={4} loading={next.isPending} onClick={() => next.mutate()}>
          {t(next.isError ? 'next.none' : 'next')}
        </Button>
      )}
    </div>
  )
}

