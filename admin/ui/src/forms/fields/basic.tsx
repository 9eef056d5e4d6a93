import { NumberInput, PasswordInput, SegmentedControl, Select, Switch, TextInput, Input } from '@mantine/core'
import { useMessages } from '../../messages'
import { label } from '../labels'
import { useField } from './Form'

export type FieldProps = {
  path: string
  /** Not there: the name of the API's field. */
  label?: string
  help?: string
  required?: boolean
  /** In a table, whose head has the label: what the field is called where that is not seen. */
  cell?: string
}

/** useCommon is what every field shows. */
export function useCommon({ path, label: own, help, required, cell }: FieldProps) {
  const { language } = useMessages()
  const { error } = useField(path)
  if (cell) return { 'aria-label': cell, error, required, name: path }
  return { label: own ?? label(path.split('.').pop()!.replace(/\[\d+\]$/, ''), language), description: help, error, required, name: path }
}

export function TextField(p: FieldProps & { maxLength?: number; inputMode?: 'numeric' | 'tel' | 'email' | 'url'; placeholder?: string }) {
  const f = useField<string>(p.path)
  return (
    <TextInput
      {...useCommon(p)}
      value={f.value ?? ''}
      onChange={(e) => f.set(e.currentTarget.value || undefined)}
      autoComplete="off"
      maxLength={p.maxLength}
      inputMode={p.inputMode}
      placeholder={p.placeholder}
    />
  )
}

/** SecretField is written and never read: empty leaves what is there. */
export function SecretField(p: FieldProps) {
  const f = useField<string>(p.path)
  return <PasswordInput {...useCommon(p)} value={f.value ?? ''} onChange={(e) => f.set(e.currentTarget.value || undefined)} autoComplete="new-password" />
}

export function NumberField(p: FieldProps & { min?: number; max?: number; initial?: number; suffix?: string; decimals?: boolean }) {
  const f = useField<number>(p.path)
  return (
    <NumberInput
      {...useCommon(p)}
      value={f.value ?? p.initial ?? ''}
      min={p.min}
      max={p.max}
      suffix={p.suffix}
      allowDecimal={p.decimals ?? false}
      clampBehavior="none"
      onChange={(v) => f.set(v === '' ? undefined : Number(v))}
    />
  )
}

export function SwitchField(p: FieldProps & { initial?: boolean }) {
  const f = useField<boolean>(p.path)
  return <Switch {...useCommon(p)} checked={f.value ?? p.initial ?? false} onChange={(e) => f.set(e.currentTarget.checked)} />
}

export type Choice = { value: string; label: string }

export function ChoiceField(p: FieldProps & { choices: Choice[]; initial?: string; placeholder?: string }) {
  const f = useField<string>(p.path)
  return (
    <Select
      {...useCommon(p)}
      value={f.value ?? p.initial ?? null}
      data={p.choices}
      clearable={!p.required && !p.initial}
      placeholder={p.placeholder}
      allowDeselect={false}
      onChange={(v) => f.set(v ?? undefined)}
    />
  )
}

/** EitherField is one of two or three, all of which are shown. */
export function EitherField(p: FieldProps & { choices: Choice[]; initial?: string }) {
  const f = useField<string>(p.path)
  const { language } = useMessages()
  const name = p.label ?? label(p.path.split('.').pop()!, language)
  return (
    <Input.Wrapper label={name} description={p.help} error={f.error} labelElement="div">
      <div>
        <SegmentedControl aria-label={name} value={f.value ?? p.initial ?? ''} data={p.choices} onChange={(v) => f.set(v)} mt={4} />
      </div>
    </Input.Wrapper>
  )
}

/** LanguageField is of announcements; empty: the account's. */
export function LanguageField(p: FieldProps & { placeholder: string }) {
  const { language } = useMessages()
  const names = new Intl.DisplayNames([language], { type: 'language' })
  return <ChoiceField {...p} choices={['nl', 'en', 'de', 'es', 'lv'].map((v) => ({ value: v, label: names.of(v) ?? v }))} />
}
