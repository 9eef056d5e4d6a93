import { Alert, Button, FileButton, Group, List, Table, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { api, data, ProblemError } from '../../../api/client'
import { useField } from '../../../forms/fields/Form'
import { ProblemAlert } from '../../../layout/Problem'
import { useConfigTexts } from '../../../messages/config'
import { useAccountId } from '../../useAccount'
import { Part } from './Part'

/** shown are rows and errors that a screen has room for. */
const shown = 12

/** LocationTable is the table of a location-based routing: looked at, exported, and replaced as a whole. */
export function LocationTable() {
  const t = useConfigTexts()
  const account = useAccountId()
  const client = useQueryClient()
  const isNew = useField<number>('id').value === undefined
  const location = useField<string>('number').value ?? ''
  const path = { account, location }
  const queryKey = ['locations', account, location]
  const reset = useRef<() => void>(null)
  const table = useQuery({ queryKey, enabled: !isNew, queryFn: () => data(api.GET('/api/v1/accounts/{account}/locations/{location}', { params: { path } })) })
  const bring = useMutation({
    mutationFn: async (file: File) => data(api.PUT('/api/v1/accounts/{account}/locations/{location}', { params: { path }, body: { csv: await file.text() } })),
    onSettled: () => reset.current?.(),
    onSuccess: () => client.invalidateQueries({ queryKey }),
  })
  if (isNew) {
    return (
      <Part title={t('table.title')} wide>
        <Text size="sm" c="dimmed">
          {t('table.first')}
        </Text>
      </Part>
    )
  }
  const csv = table.data?.csv ?? ''
  const rows = csv.trim().split('\n').slice(1, shown + 1).map((l) => l.split(','))
  const wrong = bring.error instanceof ProblemError ? (bring.error.problem.errors ?? []) : []
  return (
    <Part title={t('table.title')} wide>
      <Text size="sm" c="dimmed">
        {t('table.help')}
      </Text>
      <Group>
        <Text fw={600}>{t('table.rows', { n: table.data?.rows ?? 0 })}</Text>
        <FileButton resetRef={reset} accept=".csv,text/csv,text/plain" onChange={(f) => f && bring.mutate(f)}>
          {(props) => (
            <Button {...props} size="xs" variant="default" loading={bring.isPending}>
              {t('table.import')}
            </Button>
          )}
        </FileButton>
        <Button size="xs" variant="default" component="a" download={`${location}.csv`} href={`data:text/csv;charset=utf-8,${encodeURIComponent(csv)}`}>
          {t('table.export')}
        </Button>
      </Group>
      {bring.isSuccess && <Text role="status">{t('table.imported', { n: bring.data.rows ?? 0 })}</Text>}
      {wrong.length > 0 ? (
        <Alert color="red" role="alert" title={t('table.wrong')}>
          <List size="sm">
            {wrong.slice(0, shown).map((e, i) => (
              <List.Item key={i}>{e.message}</List.Item>
            ))}
          </List>
          {wrong.length > shown && t('table.more', { n: wrong.length - shown })}
        </Alert>
      ) : (
        <ProblemAlert error={bring.error ?? table.error} />
      )}
      {rows.some((r) => r[0]) && (
        <Table aria-label={t('table.view')} verticalSpacing={2}>
          <Table.Tbody>
            {rows.map((r) => (
              <Table.Tr key={r[0]}>
                {r.map((cell, i) => (
                  <Table.Td key={i}>{cell}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Part>
  )
}
