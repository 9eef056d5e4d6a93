import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Navigate, useNavigate } from 'react-router'
import { api, data, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useSession } from '../session/session'

/** Customers are the accounts that somebody may see; who has only one goes to it. */
export function Customers() {
  const { t, language } = useMessages()
  const me = useSession()
  const go = useNavigate()
  const [typed, setTyped] = useState('')
  const [name] = useDebouncedValue(typed, 250)
  const countries = new Intl.DisplayNames([language], { type: 'region' })
  if (me?.account) return <Navigate to={`/accounts/${me.account}`} replace />
  return (
    <Resource<Schemas['Account']>
      title={t('customers.title')}
      empty={t('customers.empty')}
      add={t('customers.new')}
      queryKey={['accounts', name]}
      list={(cursor) => data(api.GET('/api/v1/accounts', { params: { query: { cursor, ...(name ? { name } : {}) } } }))}
      id={(a) => String(a.id)}
      onOpen={(a) => void go(`/accounts/${a.id}`)}
      toolbar={<TextInput aria-label={t('app.search')} placeholder={t('app.search')} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />}
      columns={[
        { title: label('name', language), cell: (a) => a.name },
        { title: label('country', language), cell: (a) => countries.of(a.country) ?? a.country },
        { title: label('time_zone', language), cell: (a) => a.time_zone },
        { title: label('enabled', language), cell: (a) => (a.enabled ? t('app.yes') : '–') },
      ]}
      editing={{
        schema: 'Account',
        initial: { country: 'NL' },
        hide: () => ['partner'],
        create: (body) => data(api.POST('/api/v1/accounts', { body: body as Schemas['Account'] })),
      }}
    />
  )
}
