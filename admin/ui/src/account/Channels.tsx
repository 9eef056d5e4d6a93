import { api, data, row, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { ChannelLamp } from '../live/ChannelLamp'
import { useMessages } from '../messages'
import { useAccountId } from './useAccount'

export function Channels() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const path = (channel: string) => ({ account, channel })
  return (
    <Resource<Schemas['Channel']>
      title={t('tab.channels')}
      empty={t('channels.empty')}
      add={t('channels.new')}
      queryKey={['channels', account]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/channels', { params: { path: { account }, query: { cursor } } }))}
      id={(c) => c.name}
      columns={[
        { title: label('name', language), cell: (c) => c.name },
        { title: label('description', language), cell: (c) => c.description },
        { title: label('user', language), cell: (c) => c.user || '–' },
        {
          title: t('overview.registered'),
          cell: (c) => <ChannelLamp account={account} channel={c.name} registered={c.registered} />,
        },
      ]}
      editing={{
        schema: 'Channel',
        read: (id) => row(api.GET('/api/v1/accounts/{account}/channels/{channel}', { params: { path: path(id) } })),
        create: (body) => data(api.POST('/api/v1/accounts/{account}/channels', { params: { path: { account } }, body: body as Schemas['Channel'] })),
        once: (made) => {
          const c = made as Schemas['Channel']
          return c.password ? { label: `${c.name}: ${t('channels.password')}`, secret: c.password } : null
        },
        update: (id, etag, body) =>
          data(
            api.PUT('/api/v1/accounts/{account}/channels/{channel}', {
              params: { path: path(id), header: { 'If-Match': etag } },
              body: body as Schemas['Channel'],
            }),
          ),
        remove: (id, etag) => data(api.DELETE('/api/v1/accounts/{account}/channels/{channel}', { params: { path: path(id), header: { 'If-Match': etag } } })),
      }}
    />
  )
}
