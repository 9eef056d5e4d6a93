import { Button, Menu } from '@mantine/core'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { useAccountId } from '../useAccount'
import { ChangeOrder } from './ChangeOrder'
import { ConnectSIM, Credit, StartBilling, Terminate } from './forms'
import { orderTexts } from './texts'
import type { Order } from './useOrders'

type Action = 'change' | 'terminate' | 'sim.connect' | 'billing.start' | 'credit'

/** Actions are what can be done with an order by whoever looks at it. */
export function Actions({ order, etag }: { order: Order; etag: string }) {
  const t = useTexts(orderTexts)
  const me = useSession()
  const account = useAccountId()
  const go = useNavigate()
  const [open, setOpen] = useState<Action | null>(null)
  const reseller = !me?.account
  const going = order.status !== 'ended'
  const list: [Action, boolean][] = [
    ['sim.connect', going && order.needs_sim && !order.sim],
    ['change', going],
    ['terminate', going],
    ['billing.start', going && reseller && !order.billing],
    ['credit', reseller],
  ]
  const form = { order, etag, onClose: () => setOpen(null) }
  if (me?.role === 'readonly') return null
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default">{t('actions')} ▾</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {order.there && <Menu.Item onClick={() => void go(`/accounts/${account}/extensions/${order.extension}`)}>{t('configuration')}</Menu.Item>}
          {list
            .filter(([, may]) => may)
            .map(([a]) => (
              <Menu.Item key={a} color={a === 'terminate' ? 'red' : undefined} onClick={() => setOpen(a)}>
                {t(a)}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
      {open === 'change' && <ChangeOrder {...form} />}
      {open === 'terminate' && <Terminate {...form} />}
      {open === 'sim.connect' && <ConnectSIM {...form} />}
      {open === 'billing.start' && <StartBilling {...form} />}
      {open === 'credit' && <Credit {...form} />}
    </>
  )
}
