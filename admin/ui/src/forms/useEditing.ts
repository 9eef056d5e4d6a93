import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ProblemError } from '../api/client'
import { changes, merge } from './path'
import type { Value } from './SchemaForm'

export type Row = { value: Value; etag: string }

/** Keeping is how a row is kept: a new one without an etag. */
export type Keeping = {
  start: Row
  /** The row as it is now. */
  read?: (() => Promise<Row>) | undefined
  save: (value: Value, etag: string) => Promise<unknown>
  remove?: ((etag: string) => Promise<unknown>) | undefined
  /** Lists that are asked for again after a change. */
  stale: readonly unknown[]
  onSaved?: (answer: unknown) => void
  onRemoved?: () => void
}

/**
 * useEditing keeps what somebody types until it is saved. When somebody else was faster (412), theirs is the row as it is
 * now: what was typed stays, and is put onto theirs by keepMine or given up by takeTheirs.
 */
export function useEditing({ start, read, save, remove, stale, onSaved, onRemoved }: Keeping) {
  const client = useQueryClient()
  const [base, setBase] = useState(start)
  const [value, setValue] = useState(start.value)
  const [theirs, setTheirs] = useState<Row | null>(null)
  const saving = useMutation({
    mutationFn: (v: { value: Value; etag: string }) => save(v.value, v.etag),
    onSuccess: async (answer, sent) => {
      setTheirs(null)
      setBase(sent)
      const fresh = await read?.().catch(() => null)
      if (fresh) {
        setBase(fresh)
        setValue(fresh.value)
      }
      await client.invalidateQueries({ queryKey: stale })
      onSaved?.(answer)
    },
    onError: async (e) => {
      if (e instanceof ProblemError && e.status === 412 && read) setTheirs(await read().catch(() => null))
    },
  })
  const removing = useMutation({
    mutationFn: () => remove!(base.etag),
    onSuccess: async () => {
      onRemoved?.()
      await client.invalidateQueries({ queryKey: stale })
    },
  })
  const error = saving.error ?? removing.error
  return {
    value,
    setValue: (v: Value | ((now: Value) => Value)) => {
      if (saving.isSuccess || (saving.error && !theirs)) saving.reset()
      setValue(v)
    },
    errors: error instanceof ProblemError ? error.fields : {},
    error: theirs ? null : error,
    dirty: changes(base.value, value).length > 0,
    saved: saving.isSuccess,
    saving: saving.isPending,
    save: () => saving.mutate({ value, etag: base.etag }),
    remove: remove && (() => removing.mutate()),
    removing: removing.isPending,
    conflict: theirs && { base: base.value, theirs: theirs.value, mine: value },
    keepMine: () => {
      if (!theirs) return
      const merged = merge(base.value, value, theirs.value)
      setBase(theirs)
      setValue(merged)
      setTheirs(null)
      saving.mutate({ value: merged, etag: theirs.etag })
    },
    takeTheirs: () => {
      if (!theirs) return
      setBase(theirs)
      setValue(theirs.value)
      setTheirs(null)
      saving.reset()
    },
  }
}

export type Editing = ReturnType<typeof useEditing>
