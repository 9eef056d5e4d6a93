import { Anchor, Badge, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api, data } from '../../api/client'
import { label } from '../../forms/labels'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { orderTexts } from './texts'
import type { Order } from './useOrders'

/** OrderPrivacy are the privacy groups of an order's extension: those that it belongs to, and those with rights over it. */
export function OrderPrivacy({ order }: { order: Order }) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const account = useAccountId()
  const groups = useQuery({
    queryKey: ['privacy', account, 'all'],
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/privacy-groups', { params: { path: { account }, query: { limit: 500 } } })),
  })
  const extension = useQuery({
    queryKey: ['extension', account, order.extension],
    enabled: order.there,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path: { account, extension: order.extension } } })),
  })
  const all = groups.data?.items ?? []
  const member = all.filter((g) => g.members?.includes(order.extension))
  const rights = extension.data?.user?.privacy ?? extension.data?.group?.privacy ?? []
  return (
    <Stack>
      <ProblemAlert error={groups.error ?? extension.error} />
      <Title order={3} size="h5">
        {t('privacy.member')}
      </Title>
      <Group>
        {member.map((g) => (
          <Badge key={g.id} variant="light" tt="none">
            {g.name}
          </Badge>
        ))}
        {member.length === 0 && <Text c="dimmed">–</Text>}
      </Group>
      <Title order={3} size="h5">
        {t('privacy.rights')}
      </Title>
      {rights.length === 0 && <Text c="dimmed">{t('privacy.none')}</Text>}
      {rights.length > 0 && (
        <Table>
          <Table.Tbody>
            {rights.map((r) => (
              <Table.Tr key={r.group}>
                <Table.Td>{all.find((g) => g.id === r.group)?.name ?? r.group}</Table.Td>
                <Table.Td>
                  {Object.entries(r)
                    .filter(([, v]) => v === true)
                    .map(([k]) => label(k, language))
                    .join(', ')}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Anchor component={Link} to={`/accounts/${account}/privacy`}>
        {t('privacy.link')}
      </Anchor>
    </Stack>
  )
}
