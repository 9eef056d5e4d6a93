import { Anchor, NumberInput, PasswordInput, Select, Stack, Switch, TextInput } from '@mantine/core'
import { typeOf } from '../api/document'
import { useMessages } from '../messages'
import { label } from './labels'
import type { PropertyProps } from './SchemaForm'

/** localMoment writes an instant as the browser's field for dates and times has it: by the clock of the place, to the minute. */
function localMoment(instant: string): string {
  const at = new Date(instant)
  if (!instant || Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** ValueField is the field of one value: what it may be is what the schema says. */
export function ValueField({ name, schema, value, onChange, errors, path, required }: PropertyProps) {
  const { language, t } = useMessages()
  const common = {
    label: label(name, language),
    description: language === 'en' ? schema.description : undefined,
    error: errors[path],
    name: path,
  }
  const initial = schema.default
  switch (typeOf(schema)) {
    case 'boolean':
      return <Switch {...common} checked={Boolean(value ?? initial)} onChange={(e) => onChange(e.currentTarget.checked)} />
    case 'integer':
    case 'number':
      return (
        <NumberInput
          {...common}
          required={required}
          value={(value ?? initial ?? '') as number | string}
          min={schema.minimum}
          max={schema.maximum}
          clampBehavior="none"
          allowDecimal={typeOf(schema) === 'number'}
          onChange={(v) => onChange(v === '' ? undefined : v)}
        />
      )
  }
  if (schema.enum) {
    return (
      <Select
        {...common}
        required={required}
        clearable={!required}
        value={String(value ?? initial ?? '') || null}
        data={schema.enum.filter((e) => e !== '').map((e) => ({ value: String(e), label: label(String(e), language) }))}
        onChange={(v) => onChange(v ?? undefined)}
      />
    )
  }
  const text = { ...common, required, value: String(value ?? initial ?? ''), onChange: (e: { currentTarget: { value: string } }) => onChange(e.currentTarget.value) }
  if (schema.writeOnly) return <PasswordInput {...text} autoComplete="new-password" />
  if (schema.format === 'date-time') {
    return (
      <TextInput
        {...text}
        type="datetime-local"
        value={localMoment(text.value)}
        onChange={(e) => onChange(e.currentTarget.value ? new Date(e.currentTarget.value).toISOString() : undefined)}
      />
    )
  }
  const field = <TextInput {...text} autoComplete="off" />
  if (schema.format !== 'uri' || !/^https?:\/\/\S+$/.test(text.value)) return field
  return (
    <Stack gap={4}>
      {field}
      <Anchor href={text.value} target="_blank" rel="noopener noreferrer" size="sm">
        {t(name === 'studio' ? 'app.studio' : 'app.open')}
      </Anchor>
    </Stack>
  )
}
