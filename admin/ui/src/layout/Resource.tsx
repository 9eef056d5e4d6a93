import { Button, Center, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { lazy, startTransition, Suspense, useEffect, useState, type ReactNode } from 'react'
import { useMessages } from '../messages'
import type { Editing } from './Editor'
import { LateDrawer } from './Late'
import { pagesOf, type Page } from './pages'
import { ProblemAlert } from './Problem'
import { Rows, type Column } from './Rows'
import { useSoon } from './useSoon'

// Forms come when one is opened: the list is first.
const editor = async () => ({ default: (await import('./Editor')).Editor })
const Editor = lazy(editor)

/** A screenful of rows, which are drawn before the rest. */
const firstRows = 20

export type ResourceProps<T> = {
  title: string
  empty: string
  add?: string
  queryKey: readonly unknown[]
  list: (cursor: string | undefined) => Promise<Page<T>>
  columns: Column<T>[]
  id: (row: T) => string
  /** What a row is called where its id says nothing. */
  called?: (row: T) => string
  /** How one is changed; not there: rows are only looked at. */
  editing?: Editing
  onOpen?: (row: T) => void
  toolbar?: ReactNode
  /** The form of a row, or of a new one (id ''), instead of one made of a schema. */
  form?: (id: string, done: () => void) => ReactNode
  /** Which row is open, where the address says so. */
  open?: string | null
  setOpen?: (id: string | null) => void
  /** What is said instead of empty when a filter leaves nothing. */
  filtered?: string
}

/** Resource lists rows of one kind, page by page, and opens them to be changed. */
export function Resource<T>({ title, empty, add, queryKey, list, columns, id, called, editing, onOpen, toolbar, form, filtered, ...address }: ResourceProps<T>) {
  const { t } = useMessages()
  const [own, setOwn] = useState<string | null>(null) // '' is a new one
  const [open, setOpen] = address.setOpen ? [address.open ?? null, address.setOpen] : [own, setOwn]
  const opens = editing !== undefined || form !== undefined
  const pages = useInfiniteQuery(pagesOf(queryKey, list))
  const rows = pages.data?.pages.flatMap((p) => p.items ?? []) ?? []
  useSoon(editor)
  const [all, setAll] = useState(false)
  const some = rows.length > 0
  useEffect(() => {
    if (some) startTransition(() => setAll(true))
  }, [some])
  const opened = rows.find((r) => id(r) === open)
  const total = pages.data?.pages[0]?.total
  const heading = open === '' ? (add ?? title) : opened ? (called ?? id)(opened) : `${title} ${open ?? ''}`
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {title}
        </Title>
        <Group>
          {toolbar}
          {opens && add && <Button onClick={() => setOpen('')}>{add}</Button>}
        </Group>
      </Group>
      <ProblemAlert error={pages.error} />
      {pages.isSuccess && rows.length === 0 && (
        <Paper withBorder p="xl">
          <Center>
            <Text c="dimmed" maw={520} ta="center">
              {filtered ?? empty}
            </Text>
          </Center>
        </Paper>
      )}
      {rows.length > 0 && <Rows rows={all ? rows : rows.slice(0, firstRows)} columns={columns} id={id} onOpen={onOpen ?? (opens ? (r) => setOpen(id(r)) : undefined)} />}
      <Group justify="space-between">
        {total !== undefined && total > 0 && (
          <Text size="sm" c="dimmed">
            {t('app.of', { shown: rows.length, total })}
          </Text>
        )}
        {pages.hasNextPage && (
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {t('app.more')}
          </Button>
        )}
      </Group>
      {opens && (
        <LateDrawer opened={open !== null} onClose={() => setOpen(null)} position="right" size={form ? 'xl' : 'lg'} title={heading}>
          {open !== null && (
            <Suspense>
              {form ? form(open, () => setOpen(null)) : <Editor editing={editing!} id={open} queryKey={queryKey} onDone={() => setOpen(null)} />}
            </Suspense>
          )}
        </LateDrawer>
      )}
    </Stack>
  )
}
