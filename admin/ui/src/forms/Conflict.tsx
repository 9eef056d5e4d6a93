import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core'
import { useMessages } from '../messages'
import { label } from './labels'
import { changes, getAt } from './path'
import type { Editing } from './useEditing'

/** shownAs is a value of a field for people. */
function shownAs(v: unknown): string {
  if (v === undefined || v === null || v === '') return '–'
  if (Array.isArray(v)) return v.map(shownAs).join(', ')
  if (typeof v === 'object') return Object.values(v).map(shownAs).join(' ')
  return String(v)
}

/** Conflict shows what somebody else changed since the form was opened, beside what is typed in it. */
export function Conflict({ editing }: { editing: Editing }) {
  const { t, language } = useMessages()
  const c = editing.conflict
  if (!c) return null
  const name = (path: string) => path.split('.').map((p) => label(p, language)).join(' › ')
  return (
    <Alert color="orange" title={t('app.stale')} role="alert">
      <Stack gap="sm">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th />
              <Table.Th>{t('conflict.was')}</Table.Th>
              <Table.Th>{t('conflict.theirs')}</Table.Th>
              <Table.Th>{t('conflict.yours')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {changes(c.base, c.theirs).map((x) => (
              <Table.Tr key={x.path}>
                <Table.Th scope="row">{name(x.path)}</Table.Th>
                <Table.Td>{shownAs(x.from)}</Table.Td>
                <Table.Td>
                  <Text span inherit fw={600}>
                    {shownAs(x.to)}
                  </Text>
                </Table.Td>
                <Table.Td>{shownAs(getAt(c.mine, x.path))}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Group>
          <Button onClick={editing.keepMine}>{t('conflict.keep')}</Button>
          <Button variant="default" onClick={editing.takeTheirs}>
            {t('conflict.take')}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}
