import { Button, Center, Drawer, Group, Paper, Stack, Table, Text, Title, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useMessages } from '../messages'
import { Editor, type Editing } from './Editor'
import { ProblemAlert } from './Problem'

export type Column<T> = { title: string; cell: (row: T) => ReactNode }

type Page<T> = { items: T[] | null; total?: number; next?: string }

export type ResourceProps<T> = {
  title: string
  empty: string
  add?: string
  queryKey: readonly unknown[]
  list: (cursor: string | undefined) => Promise<Page<T>>
  columns: Column<T>[]
  id: (row: T) => string
  /** How one is changed; not there: rows are only looked at. */
  editing?: Editing
  onOpen?: (row: T) => void
  toolbar?: ReactNode
}

/** Resource lists rows of one kind, page by page, and opens them to be changed. */
export function Resource<T>({ title, empty, add, queryKey, list, columns, id, editing, onOpen, toolbar }: ResourceProps<T>) {
  const { t } = useMessages()
  const [open, setOpen] = useState<string | null>(null) // '' is a new one
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => list(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  })
  const rows = pages.data?.pages.flatMap((p) => p.items ?? []) ?? []
  const total = pages.data?.pages[0]?.total
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {title}
        </Title>
        <Group>
          {toolbar}
          {editing && add && <Button onClick={() => setOpen('')}>{add}</Button>}
        </Group>
      </Group>
      <ProblemAlert error={pages.error} />
      {pages.isSuccess && rows.length === 0 && (
        <Paper withBorder p="xl">
          <Center>
            <Text c="dimmed" maw={520} ta="center">
              {empty}
            </Text>
          </Center>
        </Paper>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={500}>
          <Table highlightOnHover verticalSpacing="sm">
            <Table.Thead>
              <Table.Tr>
                {columns.map((c) => (
                  <Table.Th key={c.title}>{c.title}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((r) => (
                <Table.Tr key={id(r)}>
                  {columns.map((c, i) => (
                    <Table.Td key={c.title}>
                      {i === 0 && (editing || onOpen) ? (
                        <UnstyledButton c="teal" fw={600} onClick={() => (onOpen ? onOpen(r) : setOpen(id(r)))}>
                          {c.cell(r)}
                        </UnstyledButton>
                      ) : (
                        c.cell(r)
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
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
      {editing && (
        <Drawer opened={open !== null} onClose={() => setOpen(null)} position="right" size="lg" title={open === '' ? (add ?? title) : `${title} ${open ?? ''}`}>
          {open !== null && <Editor editing={editing} id={open} queryKey={queryKey} onDone={() => setOpen(null)} />}
        </Drawer>
      )}
    </Stack>
  )
}
