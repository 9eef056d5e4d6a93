import { api, data, row, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccountId } from './useAccount'

export function PrivacyGroups() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const path = (id: string) => ({ account, privacy: Number(id) })
  return (
    <Resource<Schemas['PrivacyGroup']>
      title={t('tab.privacy')}
      empty={t('privacy.empty')}
      add={t('privacy.new')}
      queryKey={['privacy', account]}
      list={() => data(api.GET('/api/v1/accounts/{account}/privacy-groups', { params: { path: { account } } }))}
      id={(g) => String(g.id)}
      called={(g) => g.name}
      columns={[
        { title: label('name', language), cell: (g) => g.name },
        { title: label('members', language), cell: (g) => (g.members ?? []).join(', ') || '–' },
      ]}
      editing={{
        schema: 'PrivacyGroup',
        read: (id) => row(api.GET('/api/v1/accounts/{account}/privacy-groups/{privacy}', { params: { path: path(id) } })),
        create: (body) =>
          data(api.POST('/api/v1/accounts/{account}/privacy-groups', { params: { path: { account } }, body: body as Schemas['PrivacyGroup'] })),
        update: (id, etag, body) =>
          data(
            api.PUT('/api/v1/accounts/{account}/privacy-groups/{privacy}', {
              params: { path: path(id), header: { 'If-Match': etag } },
              body: body as Schemas['PrivacyGroup'],
            }),
          ),
        remove: (id, etag) =>
          data(api.DELETE('/api/v1/accounts/{account}/privacy-groups/{privacy}', { params: { path: path(id), header: { 'If-Match': etag } } })),
      }}
    />
  )
}
