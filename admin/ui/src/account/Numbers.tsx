import { api, data, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccountId } from './useAccount'

export function Numbers() {
  const { t, language } = useMessages()
  const account = useAccountId()
  return (
    <Resource<Schemas['Number']>
      title={t('tab.numbers')}
      empty={t('numbers.empty')}
      add={t('numbers.new')}
      queryKey={['numbers', account]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/numbers', { params: { path: { account }, query: { cursor } } }))}
      id={(n) => n.number}
      columns={[
        { title: label('number', language), cell: (n) => n.number },
        { title: label('personal', language), cell: (n) => n.personal || '–' },
      ]}
      editing={{
        schema: 'NumberInput',
        read: async (id) => {
          const all = await data(api.GET('/api/v1/accounts/{account}/numbers', { params: { path: { account }, query: { limit: 500 } } }))
          return { value: all.items?.find((n) => n.number === id) ?? {}, etag: '' }
        },
        create: (body) => data(api.POST('/api/v1/accounts/{account}/numbers', { params: { path: { account } }, body: body as Schemas['NumberInput'] })),
        update: (id, _, body) =>
          data(
            api.PUT('/api/v1/accounts/{account}/numbers/{number}', {
              params: { path: { account, number: id } },
              body: { personal: body.personal as string | undefined },
            }),
          ),
        remove: (id) => data(api.DELETE('/api/v1/accounts/{account}/numbers/{number}', { params: { path: { account, number: id } } })),
      }}
    />
  )
}
