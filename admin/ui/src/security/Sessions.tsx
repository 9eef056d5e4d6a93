import { Badge, Button, Table, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { moment } from '../account/time'
import { api, data } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages, useTexts } from '../messages'
import { texts } from './texts'

const key = ['sessions'] as const

/** Sessions are where one is logged in. */
export function Sessions() {
  const t = useTexts(texts)
  const { language } = useMessages()
  const client = useQueryClient()
  const list = useQuery({ queryKey: key, queryFn: () => data(api.GET('/api/v1/session/all')) })
  const end = useMutation({
    mutationFn: (session: number) => data(api.DELETE('/api/v1/session/all/{session}', { params: { path: { session } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: key }),
  })
  return (
    <>
      <ProblemAlert error={list.error ?? end.error} />
      <Table.ScrollContainer minWidth={500}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              {(['address', 'browser', 'since', 'seen'] as const).map((k) => (
                <Table.Th key={k}>{t(k)}</Table.Th>
              ))}
              <Table.Td />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.data?.items?.map((s) => (
              <Table.Tr key={s.id}>
                <Table.Td>{s.address}</Table.Td>
                <Table.Td maw={260}>
                  <Text size="sm" lineClamp={1} title={s.user_agent}>
                    {s.user_agent}
                  </Text>
                </Table.Td>
                <Table.Td>{moment(s.created_at, undefined, language)}</Table.Td>
                <Table.Td>{moment(s.seen_at, undefined, language)}</Table.Td>
                <Table.Td ta="right">
                  {s.current ? (
                    <Badge variant="light">{t('current')}</Badge>
                  ) : (
                    <Button size="xs" variant="default" aria-label={t('endOf', { address: s.address })} loading={end.isPending && end.variables === s.id} onClick={() => end.mutate(s.id)}>
                      {t('end')}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  )
}
