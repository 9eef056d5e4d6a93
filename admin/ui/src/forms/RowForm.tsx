import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ProblemAlert } from '../layout/Problem'
import { EditingForm } from './EditingForm'
import type { Value } from './SchemaForm'
import { useEditing, type Row } from './useEditing'

type Props = {
  /** Of which row it is; '': a new one, which begins as initial. */
  id: string
  initial?: Value
  queryKey: readonly unknown[]
  /** The row as it can be written. */
  read: (id: string) => Promise<Row>
  /** Makes a new row without an etag. */
  save: (value: Value, etag: string) => Promise<unknown>
  remove?: ((etag: string) => Promise<unknown>) | undefined
  /** What is deleted, for the question. */
  what: string
  onDone: () => void
  /** The fields, by what is filled in so far. */
  children: (value: Value) => ReactNode
}

/** RowForm is the form of a row of a list, or of a new one, with fields of its own. */
export function RowForm(p: Props) {
  const was = useQuery({ queryKey: [...p.queryKey, 'row', p.id], queryFn: () => p.read(p.id), enabled: p.id !== '', staleTime: Infinity, gcTime: 0 })
  if (p.id === '') return <Form {...p} start={{ value: p.initial ?? {}, etag: '' }} />
  if (!was.data) return <ProblemAlert error={was.error} />
  return <Form {...p} start={was.data} />
}

function Form({ id, start, queryKey, read, save, remove, what, onDone, children }: Props & { start: Row }) {
  const form = useEditing({ start, read: id === '' ? undefined : () => read(id), save, remove: id === '' ? undefined : remove, stale: queryKey, onSaved: onDone, onRemoved: onDone })
  return (
    <EditingForm editing={form} what={what}>
      {children(form.value)}
    </EditingForm>
  )
}
