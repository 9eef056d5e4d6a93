import { Anchor, Breadcrumbs, Group, Stack, Tabs, Title } from '@mantine/core'
import { Link, useNavigate, useParams } from 'react-router'
import { ProblemAlert } from '../../layout/Problem'
import { useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { useAccountId } from '../useAccount'
import { Actions } from './Actions'
import { General } from './General'
import { History } from './History'
import { Lines } from './Lines'
import { OrderChannels } from './OrderChannels'
import { OrderPrivacy } from './OrderPrivacy'
import { Status } from './Status'
import { orderTexts } from './texts'
import { Usage } from './Usage'
import { useOrder } from './useOrders'

/** OrderPage is one order: what it is, what it costs, and what can be done with it. */
export function OrderPage() {
  const t = useTexts(orderTexts)
  const account = useAccountId()
  const { order = '', view = 'general' } = useParams()
  const go = useNavigate()
  const reseller = !useSession()?.account
  const one = useOrder(Number(order))
  const o = one.data?.value
  const views = ['general', 'privacy', 'channels', 'lines', ...(reseller ? ['purchase'] : []), 'history', 'usage'] as (
    | 'general'
    | 'privacy'
    | 'channels'
    | 'lines'
    | 'purchase'
    | 'history'
    | 'usage'
  )[]
  return (
    <Stack>
      <Breadcrumbs fz="sm">
        <Anchor inherit component={Link} to={`/accounts/${account}/orders`}>
          {t('title')}
        </Anchor>
        <span>{o?.number}</span>
      </Breadcrumbs>
      <ProblemAlert error={one.error} />
      {o && (
        <>
          <Group justify="space-between">
            <Group>
              <Title order={2} size="h3">
                {o.extension} {o.name}
              </Title>
              <Status order={o} />
            </Group>
            <Actions order={o} etag={one.data?.etag ?? ''} />
          </Group>
          <Tabs value={view} keepMounted={false} onChange={(v) => void go(`/accounts/${account}/orders/${order}${v && v !== 'general' ? `/${v}` : ''}`)}>
            <Tabs.List mb="md">
              {views.map((v) => (
                <Tabs.Tab key={v} value={v}>
                  {t(`tab.${v}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="general">
              <General order={o} />
            </Tabs.Panel>
            <Tabs.Panel value="privacy">
              <OrderPrivacy order={o} />
            </Tabs.Panel>
            <Tabs.Panel value="channels">
              <OrderChannels order={o} />
            </Tabs.Panel>
            <Tabs.Panel value="lines">
              <Lines order={o} side="sales" />
            </Tabs.Panel>
            <Tabs.Panel value="purchase">
              <Lines order={o} side="purchase" />
            </Tabs.Panel>
            <Tabs.Panel value="history">
              <History order={o} />
            </Tabs.Panel>
            <Tabs.Panel value="usage">
              <Usage order={o} />
            </Tabs.Panel>
          </Tabs>
        </>
      )}
    </Stack>
  )
}
