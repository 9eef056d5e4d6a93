import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ProblemAlert } from '../layout/Problem'
import { EditingForm } from './EditingForm'
import { useEditing, type Row } from './useEditing'

/** Stored is a form of something that there is one of: read, filled in with fields, and saved. */
export function Stored({ queryKey, read, save, children }: {
  queryKey: readonly unknown[]
  read: () => Promise<Row>
  save: (value: Row['value'], etag: string) => Promise<unknown>
  children: ReactNode
}) {
  const was = useQuery({ queryKey: [...queryKey, 'form'], queryFn: read, staleTime: Infinity, gcTime: 0 })
  if (!was.data) return <ProblemAlert error={was.error} />
  return (
    <Form first={was.data} {...{ queryKey, read, save }}>
      {children}
    </Form>
  )
}

function Form({ first, queryKey, read, save, children }: Parameters<typeof Stored>[0] & { first: Row }) {
  const form = useEditing({ start: first, read, save, stale: queryKey })
  return (
    <EditingForm editing={form}>
      {children}
    </EditingForm>
  )
}
