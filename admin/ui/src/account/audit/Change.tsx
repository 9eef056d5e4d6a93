import { Stack, Table, Text } from '@mantine/core'
import type { Schemas } from '../../api/client'
import { label } from '../../forms/labels'
import { useMessages, useTexts } from '../../messages'
import style from './Change.module.css'
import { differences, secrets } from './differences'
import { auditTexts } from './texts'

/** Change shows each field that an entry changed, before and after. */
export function Change({ entry }: { entry: Schemas['AuditEntry'] }) {
  const { language } = useMessages()
  const t = useTexts(auditTexts)
  const list = differences(entry.before, entry.after)
  const hidden = secrets(entry.after)
  const name = (path: string) => path.split('.').map((p) => label(p, language)).join(' › ')
  return (
    <Stack>
      {list.length === 0 && hidden.length === 0 && <Text c="dimmed">{t('same')}</Text>}
      {list.length > 0 && (
        <Table layout="fixed" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="34%">{t('field')}</Table.Th>
              <Table.Th>{t('before')}</Table.Th>
              <Table.Th>{t('after')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.map((d) => (
              <Table.Tr key={d.path}>
                <Table.Td>{name(d.path)}</Table.Td>
                <Table.Td>{d.before === undefined ? '–' : <del className={style.before}>{d.before}</del>}</Table.Td>
                <Table.Td>{d.after === undefined ? '–' : <ins className={style.after}>{d.after}</ins>}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {hidden.length > 0 && <Text size="sm">{t('secret', { what: hidden.join(', ') })}</Text>}
    </Stack>
  )
}
