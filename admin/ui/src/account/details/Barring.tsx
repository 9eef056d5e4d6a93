import { MultiSelect } from '@mantine/core'
import { useCommon, type FieldProps } from '../../forms/fields/basic'
import { errorBelow, useField, useForm } from '../../forms/fields/Form'
import { label } from '../../forms/labels'
import { useMessages } from '../../messages'
import { useDetailsTexts } from '../../messages/details'

/** BarringField are categories of numbers that may not be called; categories are all of the country. */
export function BarringField({ categories, ...p }: FieldProps & { categories: string[] }) {
  const t = useDetailsTexts()
  const { language } = useMessages()
  const form = useForm()
  const f = useField<string[]>(p.path)
  const value = f.value ?? []
  return (
    <MultiSelect
      {...useCommon(p)}
      error={errorBelow(form.errors, p.path)}
      value={value}
      data={[...new Set([...categories, ...value])].map((c) => ({ value: c, label: label(c.replaceAll('-', '_'), language) }))}
      placeholder={value.length === 0 ? t('barred.add') : undefined}
      searchable
      clearable
      onChange={(v) => f.set(v.length ? v : undefined)}
    />
  )
}
