import { api, data, row, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccountId } from './useAccount'

export function Logins() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const path = (id: string) => ({ account, login: Number(id) })
  return (
    <Resource<Schemas['Login']>
      title={t('tab.logins')}
      empty={t('logins.empty')}
      add={t('logins.new')}
      queryKey={['logins', account]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/logins', { params: { path: { account }, query: { cursor } } }))}
      id={(l) => String(l.id)}
      called={(l) => l.name}
      columns={[
        { title: label('email', language), cell: (l) => l.email },
        { title: label('name', language), cell: (l) => l.name },
        { title: label('role', language), cell: (l) => label(l.role, language) },
      ]}
      editing={{
        schema: 'LoginInput',
        initial: { role: 'admin' },
        read: (id) => row(api.GET('/api/v1/accounts/{account}/logins/{login}', { params: { path: path(id) } })),
        create: (body) => data(api.POST('/api/v1/accounts/{account}/logins', { params: { path: { account } }, body: body as Schemas['LoginInput'] })),
        update: (id, etag, body) =>
          data(
            api.PUT('/api/v1/accounts/{account}/logins/{login}', {
              params: { path: path(id), header: { 'If-Match': etag } },
              body: body as Schemas['LoginInput'],
            }),
          ),
        remove: (id, etag) => data(api.DELETE('/api/v1/accounts/{account}/logins/{login}', { params: { path: path(id), header: { 'If-Match': etag } } })),
      }}
    />
  )
}
