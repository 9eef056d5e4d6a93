import { Autocomplete, Group, Pill, TagsInput, Text } from '@mantine/core'
import { useState } from 'react'
import { useMessages } from '../../messages'
import { label } from '../labels'
import { useCommon, type FieldProps } from './basic'
import { useExtensionNames, useExtensionSearch, type Kind, type Summary } from './extensions'
import { errorBelow, useField, useForm } from './Form'

/** Option is an extension in a list of choices. */
function Option({ extension, number }: { extension: Summary | undefined; number: string }) {
  const { language } = useMessages()
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between" style={{ flex: 1 }}>
      <Text size="sm">
        <b>{number}</b> {extension?.name}
      </Text>
      {extension && (
        <Text size="xs" c="dimmed">
          {label(extension.kind, language)}
        </Text>
      )}
    </Group>
  )
}

/** DestinationField is where a call goes: an extension, found by number or name, or a number outside. With a kind only extensions of it, inside: any extension. */
export function DestinationField(p: FieldProps & { kind?: Kind; inside?: boolean; placeholder?: string }) {
  const { language, t } = useMessages()
  const f = useField<string>(p.path)
  const [open, setOpen] = useState(false)
  const value = f.value ?? ''
  const found = useExtensionSearch(value, p.kind, open)
  const known = useExtensionNames([value]).get(value)
  const common = useCommon(p)
  const says = known ? `${known.name ? `${known.name} · ` : ''}${label(known.kind, language)}` : value.startsWith('+') || value.length > 5 ? t('destination.outside') : ''
  return (
    <Autocomplete
      {...common}
      value={value}
      data={found.map((e) => e.number)}
      filter={({ options }) => options}
      renderOption={({ option }) => <Option number={option.value} extension={found.find((e) => e.number === option.value)} />}
      onChange={(v) => f.set(v || undefined)}
      onFocus={() => setOpen(true)}
      placeholder={p.placeholder ?? t(p.kind || p.inside ? 'extension.search' : 'destination.search')}
      autoComplete="off"
      rightSection={
        says && (
          <Text size="xs" c="dimmed" truncate px="xs">
            {says}
          </Text>
        )
      }
      rightSectionWidth={says ? 'min(50%, 220px)' : undefined}
      rightSectionPointerEvents="none"
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  )
}

/** DestinationsField are several of them, in order. */
export function DestinationsField(p: FieldProps & { kind?: Kind; inside?: boolean; max?: number }) {
  const { t } = useMessages()
  const form = useForm()
  const f = useField<string[]>(p.path)
  const common = useCommon(p)
  const value = f.value ?? []
  const [typed, setTyped] = useState('')
  const [open, setOpen] = useState(false)
  const found = useExtensionSearch(typed, p.kind, open)
  const names = useExtensionNames(value)
  return (
    <TagsInput
      {...common}
      error={errorBelow(form.errors, p.path)}
      value={value}
      onChange={(v) => f.set(v.length ? v : undefined)}
      searchValue={typed}
      onSearchChange={setTyped}
      onFocus={() => setOpen(true)}
      data={found.map((e) => e.number).filter((n) => !value.includes(n))}
      filter={({ options }) => options}
      renderOption={({ option }) => <Option number={String(option.value)} extension={found.find((e) => e.number === option.value)} />}
      renderPill={({ option, onRemove }) => (
        <Pill withRemoveButton onRemove={onRemove} removeButtonProps={{ 'aria-label': `${t('app.remove')} ${option.value}` }}>
          {option.value} {names.get(String(option.value))?.name}
        </Pill>
      )}
      acceptValueOnBlur
      maxTags={p.max}
      placeholder={value.length === 0 ? t(p.kind || p.inside ? 'extension.search' : 'destination.search') : undefined}
      splitChars={[',', ';']}
    />
  )
}
