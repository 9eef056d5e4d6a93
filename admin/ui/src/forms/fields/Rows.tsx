import { ActionIcon, Button, Group, Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useMessages } from '../../messages'
import type { Value } from '../SchemaForm'
import { useField } from './Form'

/** Rows is a list of things that have fields of their own, as a table: a column a field. */
export function Rows({ path, titles, row, fresh = {}, add, empty, order = false }: {
  path: string
  titles: string[]
  /** The fields of the row at a path. */
  row: (path: string, index: number) => ReactNode[]
  /** What a new one begins with. */
  fresh?: Value
  add: string
  empty?: string
  /** Whether their order means something. */
  order?: boolean
}) {
  const { t } = useMessages()
  const f = useField<Value[]>(path)
  const rows = f.value ?? []
  const move = (from: number, to: number) => {
    const next = [...rows]
    next.splice(to, 0, ...next.splice(from, 1))
    f.set(next)
  }
  return (
    <Stack gap="xs" align="stretch">
      {f.error && (
        <Text c="red" size="sm" role="alert">
          {f.error}
        </Text>
      )}
      {rows.length === 0 && empty && (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={60 + 150 * titles.length}>
          <Table verticalSpacing={6} horizontalSpacing={6} layout="auto">
            <Table.Thead>
              <Table.Tr>
                {titles.map((x, i) => (
                  <Table.Th key={i}>{x}</Table.Th>
                ))}
                <Table.Th aria-label={t('app.remove')} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((_, i) => (
                <Table.Tr key={i} style={{ verticalAlign: 'top' }}>
                  {row(`${path}[${i}]`, i).map((cell, j) => (
                    <Table.Td key={j}>{cell}</Table.Td>
                  ))}
                  <Table.Td>
                    <Group gap={4} wrap="nowrap" justify="flex-end">
                      {order && (
                        <>
                          <ActionIcon variant="subtle" size={34} disabled={i === 0} bg="transparent" aria-label={t('rows.up', { n: i + 1 })} onClick={() => move(i, i - 1)}>
                            ↑
                          </ActionIcon>
                          <ActionIcon variant="subtle" size={34} disabled={i === rows.length - 1} bg="transparent" aria-label={t('rows.down', { n: i + 1 })} onClick={() => move(i, i + 1)}>
                            ↓
                          </ActionIcon>
                        </>
                      )}
                      <ActionIcon variant="subtle" color="red" size={34} aria-label={t('rows.remove', { n: i + 1 })} onClick={() => f.set(rows.filter((_, j) => j !== i))}>
                        ✕
                      </ActionIcon>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Group>
        <Button variant="default" size="xs" onClick={() => f.set([...rows, fresh])}>
          {add}
        </Button>
      </Group>
    </Stack>
  )
}
