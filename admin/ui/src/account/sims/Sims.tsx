import { Anchor, Badge, Switch, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, data, type Schemas } from '../../api/client'
import { ConfirmButton } from '../../layout/ConfirmButton'
import { ProblemAlert } from '../../layout/Problem'
import { Resource } from '../../layout/Resource'
import { useMessages } from '../../messages'
import { useSession } from '../../session/session'
import { useAccountId } from '../useAccount'
import { AddSims } from './AddSims'
import { useSimTexts } from './texts'

type Sim = Schemas['SIM']

/** Sims are the cards that the account has been given; resellers hand them out and take them back. */
export function Sims() {
  const t = useSimTexts()
  const { t: app } = useMessages()
  const account = useAccountId()
  const client = useQueryClient()
  const role = useSession()?.role
  const reseller = role === 'operator' || role === 'partner'
  const [typed, setTyped] = useState('')
  const [free, setFree] = useState(false)
  const query = { ...(/^\d{4}$/.test(typed) ? { last: typed } : {}), ...(free ? { free } : {}) }
  const take = useMutation({
    mutationFn: (sim: string) => data(api.DELETE('/api/v1/accounts/{account}/sims/{sim}', { params: { path: { account, sim } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sims', account] }),
  })
  return (
    <>
      <ProblemAlert error={take.error} />
      <Resource<Sim>
        title={app('tab.sims')}
        empty={t(reseller ? 'empty' : 'empty.own')}
        filtered={Object.keys(query).length > 0 ? t('filtered') : undefined}
        queryKey={['sims', account, 'list', query]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/sims', { params: { path: { account }, query: { cursor, ...query } } }))}
        id={(s) => s.iccid}
        toolbar={
          <>
            <Switch label={t('free')} checked={free} onChange={(e) => setFree(e.currentTarget.checked)} />
            <TextInput
              aria-label={t('last')}
              placeholder={t('last')}
              inputMode="numeric"
              maxLength={4}
              value={typed}
              onChange={(e) => setTyped(e.currentTarget.value.replace(/\D/g, ''))}
            />
            {reseller && <AddSims />}
          </>
        }
        columns={[
          { title: t('card'), cell: (s) => s.iccid },
          {
            title: t('state'),
            cell: (s) => (
              <Badge variant="light" color={s.retired ? 'gray' : s.order ? 'orange' : 'teal'} tt="none">
                {t(s.retired ? 'state.retired' : s.order ? 'state.used' : 'state.free')}
              </Badge>
            ),
          },
          {
            title: t('order'),
            cell: (s) =>
              s.order ? (
                <Anchor size="sm" component={Link} to={`/accounts/${account}/orders/${s.order}`}>
                  {String(s.order).padStart(8, '0')}
                </Anchor>
              ) : (
                '–'
              ),
          },
          ...(reseller
            ? [{ title: '', cell: (s: Sim) => !s.order && <ConfirmButton label={t('take')} question={t('sure', { card: s.iccid })} loading={take.isPending && take.variables === s.iccid} onYes={() => take.mutate(s.iccid)} /> }]
            : []),
        ]}
      />
    </>
  )
}
