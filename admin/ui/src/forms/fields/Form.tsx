import { createContext, useContext, type ReactNode } from 'react'
import { getAt, setAt } from '../path'
import type { Value } from '../SchemaForm'

type Filled = { value: Value; setValue: (change: (now: Value) => Value) => void; errors: Record<string, string>; readOnly?: boolean }

const Context = createContext<Filled | null>(null)

/** Fields lets the fields below it know the value that they are parts of. */
export function Fields({ children, ...form }: Filled & { children: ReactNode }) {
  return <Context value={form}>{children}</Context>
}

export function useForm(): Filled {
  const c = useContext(Context)
  if (!c) throw new Error('a field outside of Fields')
  return c
}

/** useField is one value of the form by its path, such as user.forwards.busy. */
export function useField<T>(path: string) {
  const form = useForm()
  return {
    value: getAt(form.value, path) as T | undefined,
    // Onto what the form has by then: a field may answer after another was filled.
    set: (v: T | undefined) => form.setValue((now) => setAt(now, path, v)),
    error: form.errors[path],
    readOnly: form.readOnly,
  }
}

/** errorBelow finds the message of a list, or of the first of its entries that has one. */
export function errorBelow(errors: Record<string, string>, path: string): string | undefined {
  const at = Object.keys(errors).find((k) => k === path || k.startsWith(path + '['))
  return at && (at === path ? errors[at] : `${at.slice(path.length)} ${errors[at]}`)
}
