import { Badge } from '@mantine/core'
import { api, data, row, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useAccountId } from './Account'

type Input = Schemas['Extension']

/** What an extension can be: each kind is a part of the body with the same name. */
const kinds = ['user', 'group', 'ivr', 'queue', 'voicemail', 'forward', 'auto_answer', 'time', 'limit', 'location', 'authentication', 'picker', 'system', 'ai']

export function Extensions() {
  const { t, language } = useMessages()
  const account = useAccountId()
  const path = (extension: string) => ({ account, extension })
  return (
    <Resource<Schemas['ExtensionSummary']>
      title={t('tab.extensions')}
      empty={t('extensions.empty')}
      add={t('extensions.new')}
      queryKey={['extensions', account]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/extensions', { params: { path: { account }, query: { cursor } } }))}
      id={(e) => e.number}
      columns={[
        { title: label('number', language), cell: (e) => e.number },
        { title: label('name', language), cell: (e) => e.name },
        { title: label('kind', language), cell: (e) => <Badge variant="light">{label(e.kind, language)}</Badge> },
      ]}
      editing={{
        schema: 'Extension',
        initial: { kind: 'user' },
        hide: (v) => kinds.filter((k) => k !== v.kind),
        read: (id) => row(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path: path(id) } })),
        create: (body) => data(api.POST('/api/v1/accounts/{account}/extensions', { params: { path: { account } }, body: withPart(body) })),
        update: (id, etag, body) =>
          data(
            api.PUT('/api/v1/accounts/{account}/extensions/{extension}', {
              params: { path: path(id), header: { 'If-Match': etag } },
              body: withPart(body),
            }),
          ),
        remove: (id, etag) => data(api.DELETE('/api/v1/accounts/{account}/extensions/{extension}', { params: { path: path(id), header: { 'If-Match': etag } } })),
      }}
    />
  )
}

/** withPart adds the part of the kind when nothing was filled in there. */
function withPart(v: Record<string, unknown>): Input {
  const kind = String(v.kind)
  return { [kind]: {}, ...v } as unknown as Input
}
