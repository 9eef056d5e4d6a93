import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ProblemError } from '../api/client'
import { useSchemas, type Schema } from '../api/document'
import { SchemaForm, type Value } from '../forms/SchemaForm'
import { useMessages } from '../messages'
import { ProblemAlert } from './Problem'

/** Editing is how rows of one kind are made, changed and deleted. */
export type Editing = {
  /** Name of the schema of what is written. */
  schema: string
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

/** keep takes what can be written out of what was read. */
function writable(schema: Schema, v: Value): Value {
  return Object.fromEntries(Object.entries(v).filter(([k]) => schema.properties?.[k] && !schema.properties[k].readOnly && !k.startsWith('$')))
}

/** Editor is the form of a new row (id '') or of one that is there. */
export function Editor({ editing, id, queryKey, onDone }: { editing: Editing; id: string; queryKey: readonly unknown[]; onDone: () => void }) {
  const schemas = useSchemas()
  const schema = schemas?.[editing.schema]
  const was = useQuery({ queryKey: [...queryKey, 'row', id], queryFn: () => editing.read!(id), enabled: id !== '' && !!editing.read, staleTime: 0, gcTime: 0, refetchOnWindowFocus: false })
  if (was.error) return <ProblemAlert error={was.error} />
  if (!schemas || !schema || (id !== '' && !was.data)) return null
  const start = id === '' ? (editing.initial ?? {}) : writable(schema, was.data!.value as Value)
  return <Form key={was.data?.etag ?? ''} {...{ editing, id, queryKey, onDone, schemas, schema, start }} etag={was.data?.etag ?? ''} reload={() => void was.refetch()} />
}

type FormProps = {
  editing: Editing
  id: string
  queryKey: readonly unknown[]
  onDone: () => void
  schemas: Record<string, Schema>
  schema: Schema
  start: Value
  etag: string
  reload: () => void
}

function Form({ editing, id, queryKey, onDone, schemas, schema, start, etag, reload }: FormProps) {
  const { t } = useMessages()
  const client = useQueryClient()
  const [value, setValue] = useState(start)
  const [made, setMade] = useState<{ label: string; secret: string } | null>(null)
  const [sure, setSure] = useState(false)
  const hidden = editing.hide?.(value, id === '') ?? []
  const done = async () => {
    await client.invalidateQueries({ queryKey })
    onDone()
  }
  const save = useMutation({
    mutationFn: () => {
      const body = Object.fromEntries(Object.entries(value).filter(([k]) => !hidden.includes(k)))
      return id === '' ? editing.create(body) : editing.update!(id, etag, body)
    },
    onSuccess: async (answer) => {
      const once = id === '' ? editing.once?.(answer) : null
      if (!once) return done()
      setMade(once)
      await client.invalidateQueries({ queryKey })
    },
  })
  const remove = useMutation({ mutationFn: () => editing.remove!(id, etag), onSuccess: done })
  const error = save.error ?? remove.error
  const errors = error instanceof ProblemError ? error.fields : {}
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
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        <SchemaForm schemas={schemas} schema={schema} value={value} onChange={setValue} errors={errors} hide={hidden} />
        <ProblemAlert error={error} shown={Object.keys(errors)} />
        {error instanceof ProblemError && error.status === 412 && (
          <Button variant="default" onClick={reload}>
            {t('app.reload')}
          </Button>
        )}
        {sure && (
          <Alert color="orange">
            <Stack>
              {t('app.delete.sure', { what: id })}
              <Group>
                <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
                  {t('app.delete')}
                </Button>
                <Button variant="default" onClick={() => setSure(false)}>
                  {t('app.cancel')}
                </Button>
              </Group>
            </Stack>
          </Alert>
        )}
        <Group justify="space-between">
          {id !== '' && editing.remove ? (
            <Button variant="subtle" color="red" onClick={() => setSure(true)}>
              {t('app.delete')}
            </Button>
          ) : (
            <span />
          )}
          {(id === '' || editing.update) && (
            <Button type="submit" loading={save.isPending}>
              {t('app.save')}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}
