import { api, data, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccountId } from './useAccount'
import { moment } from './time'

type Token = Schemas['Token']

/** Tokens are API tokens of the account: what a program may do with it. */
export function Tokens() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const list = (cursor?: string) => data(api.GET('/api/v1/accounts/{account}/tokens', { params: { path: { account }, query: { cursor, limit: 500 } } }))
  return (
    <Resource<Token>
      title={t('tab.tokens')}
      empty={t('tokens.empty')}
      add={t('tokens.new')}
      queryKey={['tokens', account]}
      list={list}
      id={(k) => String(k.id)}
      called={(k) => k.name}
      columns={[
        { title: label('name', language), cell: (k) => k.name },
        { title: label('role', language), cell: (k) => label(k.role, language) + (k.user ? ` ${k.user}` : '') },
        { title: t('tokens.used'), cell: (k) => moment(k.last_used_at, undefined, language) },
        { title: t('tokens.expires'), cell: (k) => (k.revoked_at ? t('tokens.revoked') : moment(k.expires_at, undefined, language)) },
      ]}
      editing={{
        schema: 'TokenInput',
        initial: { role: 'admin' },
        hide: (v) => (v.role === 'user' ? [] : ['user']),
        // A token is looked at and revoked; what it may do is not changed.
        read: async (id) => ({ value: (await list()).items?.find((k) => String(k.id) === id) ?? {}, etag: '' }),
        create: (body) => data(api.POST('/api/v1/accounts/{account}/tokens', { params: { path: { account } }, body: body as Schemas['TokenInput'] })),
        remove: (id) => data(api.DELETE('/api/v1/accounts/{account}/tokens/{token}', { params: { path: { account, token: Number(id) } } })),
        once: (made) => {
          const k = made as Token
          return k.token ? { label: `${k.name}: ${t('tokens.secret')}`, secret: k.token } : null
        },
      }}
    />
  )
}
