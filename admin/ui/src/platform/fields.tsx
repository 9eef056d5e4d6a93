import { Checkbox, Select, SimpleGrid, TagsInput, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data } from '../api/client'
import { useCommon, type Choice, type FieldProps } from '../forms/fields/basic'
import { errorBelow, useField, useForm } from '../forms/fields/Form'

/** AccountField is one customer, found by the name; none: all. */
export function AccountField(p: FieldProps & { none: string }) {
  const f = useField<number>(p.path)
  const [typed, setTyped] = useState('')
  const [name] = useDebouncedValue(typed, 250)
  const own = useQuery({ queryKey: ['account', f.value, 'choice'], enabled: !!f.value, queryFn: () => data(api.GET('/api/v1/accounts/{account}', { params: { path: { account: f.value! } } })) }).data
  const found = useQuery({
    queryKey: ['accounts', 'choice', name],
    queryFn: () => data(api.GET('/api/v1/accounts', { params: { query: { limit: 20, ...(name && name !== own?.name ? { name } : {}) } } })),
  })
  const choices = (found.data?.items ?? []).map((a) => ({ value: String(a.id), label: a.name }))
  if (own && !choices.some((c) => c.value === String(own.id))) choices.unshift({ value: String(own.id), label: own.name })
  return (
    <Select
      {...useCommon(p)}
      searchable
      clearable
      placeholder={p.none}
      value={f.value ? String(f.value) : null}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      data={choices}
      onChange={(v) => f.set(v ? Number(v) : undefined)}
    />
  )
}

/** PartnerField is one of the partners. */
export function PartnerField(p: FieldProps & { none: string }) {
  const f = useField<number>(p.path)
  const list = useQuery({ queryKey: ['partners', 'choice'], queryFn: () => data(api.GET('/api/v1/partners', { params: { query: { limit: 500 } } })) }).data?.items ?? []
  return (
    <Select
      {...useCommon(p)}
      searchable
      clearable={!p.required}
      placeholder={p.none}
      value={f.value ? String(f.value) : null}
      data={list.map((x) => ({ value: String(x.id), label: x.name }))}
      onChange={(v) => f.set(v ? Number(v) : undefined)}
    />
  )
}

/** ManyField is any of some choices. */
export function ManyField(p: FieldProps & { choices: Choice[] }) {
  const form = useForm()
  const f = useField<string[]>(p.path)
  const { name: _, ...common } = useCommon(p)
  return (
    <Checkbox.Group {...common} error={errorBelow(form.errors, p.path)} value={f.value ?? []} onChange={(v) => f.set(v.length ? v : undefined)}>
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="xs" py={6}>
        {p.choices.map((c) => (
          <Checkbox key={c.value} value={c.value} label={c.label} />
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  )
}

/** WordsField is a list of words that are typed. */
export function WordsField(p: FieldProps & { placeholder?: string }) {
  const form = useForm()
  const f = useField<string[]>(p.path)
  return (
    <TagsInput
      {...useCommon(p)}
      error={errorBelow(form.errors, p.path)}
      value={f.value ?? []}
      placeholder={f.value?.length ? undefined : p.placeholder}
      acceptValueOnBlur
      splitChars={[',', ';', ' ']}
      onChange={(v) => f.set(v.length ? v : undefined)}
    />
  )
}

/** AmountField is an amount of money; a comma is as good as a point. */
export function AmountField(p: FieldProps) {
  const f = useField<string>(p.path)
  return (
    <TextInput
      {...useCommon(p)}
      value={f.value ?? ''}
      placeholder="0.00"
      inputMode="decimal"
      autoComplete="off"
      maxLength={15}
      onChange={(e) => f.set(e.currentTarget.value.trim().replace(',', '.') || undefined)}
    />
  )
}
