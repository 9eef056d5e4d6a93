import { Button, Code, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Schemas } from '../api/client'
import { useSchemas, type Schema } from '../api/document'
import { FormActions } from '../forms/FormActions'
import { SchemaForm, type Value } from '../forms/SchemaForm'
import { useEditing, type Row } from '../forms/useEditing'
import { Submit } from '../forms/Submit'
import { ProblemAlert } from './Problem'

/** Editing is how rows of one kind are made, changed and deleted. */
export type Editing = {
  /** Name of the schema of what is written. */
  schema: keyof Schemas
  initial?: Value
  read?: (id: string) => Promise<{ value: object; etag: string }>
  create: (body: Value) => Promise<unknown>
  update?: (id: string, etag: string, body: Value) => Promise<unknown>
  remove?: (id: string, etag: string) => Promise<unknown>
  /** Fields that are not shown, by what is filled in so far. */
  hide?: (v: Value, isNew: boolean) => string[]
  /** What is shown of a new row and never again, such as a password. */
  once?: (made: unknown) => { label: string; secret: string } | null
}

/** writable takes what can be written out of what was read. */
export function writable(schema: Schema, v: object): Value {
  return Object.fromEntries(Object.entries(v).filter(([k]) => schema.properties?.[k] && !schema.properties[k].readOnly && !k.startsWith('$')))
}

/** Editor is the form of a new row (id '') or of one that is there. */
export function Editor({ editing, id, queryKey, onDone }: { editing: Editing; id: string; queryKey: readonly unknown[]; onDone: () => void }) {
  const schemas = useSchemas()
  const schema = schemas?.[editing.schema]
  const was = useQuery({
    queryKey: [...queryKey, 'row', id],
    queryFn: () => editing.read!(id),
    enabled: id !== '' && !!editing.read,
    staleTime: Infinity,
    gcTime: 0,
  })
  if (was.error && !was.data) return <ProblemAlert error={was.error} />
  if (!schemas || !schema || (id !== '' && !was.data)) return null
  const start: Row = id === '' ? { value: editing.initial ?? {}, etag: '' } : { value: writable(schema, was.data!.value), etag: was.data!.etag }
  // The form begins with what is read first and keeps its own version: nothing that is asked for again takes away what was typed.
  return <Form key={id} {...{ editing, id, queryKey, onDone, schemas, schema, start }} />
}

type FormProps = {
  editing: Editing
  id: string
  queryKey: readonly unknown[]
  onDone: () => void
  schemas: Record<string, Schema>
  schema: Schema
  start: Row
}

function Form({ editing, id, queryKey, onDone, schemas, schema, start }: FormProps) {
  const [made, setMade] = useState<{ label: string; secret: string } | null>(null)
  const hiddenIn = (v: Value) => editing.hide?.(v, id === '') ?? []
  const form = useEditing({
    start,
    read:
      id === '' || !editing.read
        ? undefined
        : async () => {
            const now = await editing.read!(id)
            return { value: writable(schema, now.value), etag: now.etag }
          },
    save: (value, etag) => {
      const body = Object.fromEntries(Object.entries(value).filter(([k]) => !hiddenIn(value).includes(k)))
      return id === '' ? editing.create(body) : editing.update!(id, etag, body)
    },
    remove: id !== '' && editing.remove ? (etag) => editing.remove!(id, etag) : undefined,
    stale: queryKey,
    onSaved: (answer) => {
      const once = id === '' ? editing.once?.(answer) : null
      if (once) setMade(once)
      else onDone()
    },
    onRemoved: onDone,
  })
  if (made) {
    return (
      <Stack>
        <Text>{made.label}</Text>
        <Code block>{made.secret}</Code>
        <Button onClick={onDone}>OK</Button>
      </Stack>
    )
  }
  return (
    <Submit on={() => form.save()}>
      <Stack>
        <SchemaForm schemas={schemas} schema={schema} value={form.value} onChange={form.setValue} errors={form.errors} hide={hiddenIn(form.value)} />
        <FormActions editing={form} what={String(start.value.name ?? start.value.number ?? id)} readOnly={id !== '' && !editing.update} />
      </Stack>
    </Submit>
  )
}
