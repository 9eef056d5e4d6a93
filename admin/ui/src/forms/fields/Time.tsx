import { TextInput } from '@mantine/core'
import { useCommon, type FieldProps } from './basic'
import { useField } from './Form'

/** completed reads 9, 930 and 9:30 as people type them; what is no time stays. */
export function completed(typed: string): string {
  const m = /^(\d{1,2})(?:[:.]?(\d{2}))?$/.exec(typed.trim())
  return m ? `${m[1]!.padStart(2, '0')}:${m[2] ?? '00'}` : typed
}

/** TimeField is a time of day up to 24:00, which a browser's own field for times does not know. */
export function TimeField(p: FieldProps) {
  const f = useField<string>(p.path)
  return (
    <TextInput
      {...useCommon(p)}
      w={72}
      value={f.value ?? ''}
      onChange={(e) => f.set(e.currentTarget.value || undefined)}
      onBlur={() => f.value && f.set(completed(f.value))}
      placeholder="09:00"
      inputMode="numeric"
      autoComplete="off"
      maxLength={5}
    />
  )
}
