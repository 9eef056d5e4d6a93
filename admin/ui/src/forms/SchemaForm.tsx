import { Fieldset, Stack } from '@mantine/core'
import { resolve, typeOf, type Schema } from '../api/document'
import { useMessages } from '../messages'
import { ListField } from './ListField'
import { label } from './labels'
import { ValueField } from './ValueField'

export type Value = Record<string, unknown>

export type FormProps = {
  schemas: Record<string, Schema>
  schema: Schema
  value: Value
  onChange: (v: Value) => void
  /** Messages of wrong fields by path. */
  errors: Record<string, string>
  /** Where value is in the body: '' or 'user.forwards.'. */
  path?: string
  hide?: string[]
}

/** What people look for first; the rest follows in the order of the document. */
const first = ['kind', 'number', 'name', 'email', 'role', 'user', 'digits', 'key', 'country', 'announcement', 'members', 'options', 'destination', 'prefix']

function place(key: string): number {
  const at = first.indexOf(key)
  return at < 0 ? first.length : at
}

/** SchemaForm has a field for everything of a body that can be written. */
export function SchemaForm({ schemas, schema, value, onChange, errors, path = '', hide = [] }: FormProps) {
  const set = (key: string, v: unknown) => {
    const next = { ...value }
    if (v === undefined || v === '') delete next[key]
    else next[key] = v
    onChange(next)
  }
  return (
    <Stack gap="sm">
      {Object.entries(schema.properties ?? {})
        .map(([key, s]) => [key, resolve(schemas, s)] as const)
        .filter(([key, s]) => !s.readOnly && !key.startsWith('$') && !hide.includes(key))
        .sort(([a], [b]) => place(a) - place(b))
        .map(([key, s]) => (
          <Property
            key={key}
            schemas={schemas}
            name={key}
            schema={s}
            value={value[key]}
            onChange={(v) => set(key, v)}
            errors={errors}
            path={path + key}
            required={schema.required?.includes(key) ?? false}
          />
        ))}
    </Stack>
  )
}

export type PropertyProps = {
  schemas: Record<string, Schema>
  name: string
  schema: Schema
  value: unknown
  onChange: (v: unknown) => void
  errors: Record<string, string>
  path: string
  required: boolean
}

function Property(p: PropertyProps) {
  const { language } = useMessages()
  switch (typeOf(p.schema)) {
    case 'object':
      return (
        <Fieldset legend={label(p.name, language)}>
          <SchemaForm
            schemas={p.schemas}
            schema={p.schema}
            value={(p.value as Value | undefined) ?? {}}
            onChange={p.onChange}
            errors={p.errors}
            path={p.path + '.'}
          />
        </Fieldset>
      )
    case 'array':
      return <ListField {...p} />
    default:
      return <ValueField {...p} />
  }
}
