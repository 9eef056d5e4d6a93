import { Button, Fieldset, Group, Paper, Stack, TagsInput, Text } from '@mantine/core'
import { resolve, typeOf } from '../api/document'
import { useMessages } from '../messages'
import { label } from './labels'
import { SchemaForm, type PropertyProps, type Value } from './SchemaForm'

/** firstError finds the message of a list, or of the first of its entries that has one. */
function firstError(errors: Record<string, string>, path: string): string | undefined {
  const at = Object.keys(errors).find((k) => k === path || k.startsWith(path + '['))
  return at && (at === path ? errors[at] : `${at.slice(path.length)} ${errors[at]}`)
}

/** ListField is a list of words, or of rows that have fields of their own. */
export function ListField({ schemas, name, schema, value, onChange, errors, path }: PropertyProps) {
  const { language, t } = useMessages()
  const item = resolve(schemas, schema.items ?? {})
  if (typeOf(item) !== 'object') {
    const words = (value as string[] | null | undefined) ?? []
    return (
      <TagsInput
        label={label(name, language)}
        description={language === 'en' ? schema.description : undefined}
        value={words.map(String)}
        onChange={onChange}
        acceptValueOnBlur
        splitChars={[',', ';', ' ']}
        error={firstError(errors, path)}
      />
    )
  }
  const rows = (value as Value[] | null | undefined) ?? []
  const set = (i: number, v: Value) => onChange(rows.map((r, j) => (i === j ? v : r)))
  return (
    <Fieldset legend={label(name, language)}>
      <Stack gap="xs">
        {errors[path] && (
          <Text c="red" size="sm">
            {errors[path]}
          </Text>
        )}
        {rows.map((r, i) => (
          <Paper key={i} withBorder p="sm">
            <SchemaForm schemas={schemas} schema={item} value={r} onChange={(v) => set(i, v)} errors={errors} path={`${path}[${i}].`} />
            <Group justify="flex-end" mt="xs">
              <Button size="xs" variant="subtle" color="red" onClick={() => onChange(rows.filter((_, j) => j !== i))}>
                {t('app.remove')}
              </Button>
            </Group>
          </Paper>
        ))}
        <Group>
          <Button size="xs" variant="default" onClick={() => onChange([...rows, {}])}>
            {t('app.add')}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  )
}
