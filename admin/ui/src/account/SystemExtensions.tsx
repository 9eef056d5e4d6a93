import { Anchor, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api, data } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useAudioTexts } from '../messages/audio'
import { useSystemTexts } from '../messages/system'
import { useAccountId } from './useAccount'

/** SystemExtensions are the numbers with a fixed meaning, and which of them can be reached from outside. */
export function SystemExtensions() {
  const t = useAudioTexts()
  const f = useSystemTexts()
  const account = useAccountId()
  const path = { account }
  const all = useQuery({ queryKey: ['system-extensions', account], staleTime: Infinity, queryFn: () => data(api.GET('/api/v1/accounts/{account}/system-extensions', { params: { path } })) })
  const outside = useQuery({
    queryKey: ['extensions', account, 'system'],
    queryFn: async () => {
      const list = await data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path, query: { kind: 'system', limit: 50 } } }))
      return Promise.all((list.items ?? []).map((e) => data(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path: { account, extension: e.number } } }))))
    },
  })
  return (
    <Stack>
      <Title order={2} size="h3">
        {t('system.title')}
      </Title>
      <Text size="sm" c="dimmed" maw={720}>
        {t('system.help')}
      </Text>
      <ProblemAlert error={all.error ?? outside.error} />
      <Table.ScrollContainer minWidth={480}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={100}>{t('system.number')}</Table.Th>
              <Table.Th>{t('system.does')}</Table.Th>
              <Table.Th>{t('system.outside')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {all.data?.items?.map((s) => (
              <Table.Tr key={s.number}>
                <Table.Td fw={600}>{s.number}</Table.Td>
                <Table.Td>{f(s.function)}</Table.Td>
                <Table.Td>
                  {outside.data
                    ?.filter((e) => e.system?.function === s.function)
                    .map((e) => (
                      <Anchor key={e.number} component={Link} to={`/accounts/${account}/extensions/${e.number}`} size="sm">
                        {e.number} {e.name}
                      </Anchor>
                    ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  )
}
