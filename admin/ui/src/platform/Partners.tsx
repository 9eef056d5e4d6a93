import { api, data, row, type Schemas } from '../api/client'
import { TextField } from '../forms/fields/basic'
import { RowForm } from '../forms/RowForm'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { moment } from '../account/time'
import { usePlatformTexts } from './texts'

type Partner = Schemas['Partner']

const queryKey = ['partners']

/** Partners are the resellers of the platform. */
export function Partners() {
  const t = usePlatformTexts()
  const { t: app, language } = useMessages()
  return (
    <Resource<Partner>
      title={app('platform.partners')}
      empty={t('partners.empty')}
      add={t('partners.new')}
      queryKey={queryKey}
      list={(cursor) => data(api.GET('/api/v1/partners', { params: { query: { cursor } } }))}
      id={(p) => String(p.id)}
      called={(p) => p.name}
      columns={[
        { title: t('name'), cell: (p) => p.name },
        { title: t('partners.since'), cell: (p) => moment(p.created_at, undefined, language) },
      ]}
      form={(id, done) => <PartnerForm id={id} onDone={done} />}
    />
  )
}

function PartnerForm({ id, onDone }: { id: string; onDone: () => void }) {
  const t = usePlatformTexts()
  const path = { partner: Number(id) }
  return (
    <RowForm
      id={id}
      queryKey={queryKey}
      what={id}
      onDone={onDone}
      read={async () => {
        const { value, etag } = await row(api.GET('/api/v1/partners/{partner}', { params: { path } }))
        return { value: { name: value.name }, etag }
      }}
      save={(value, etag) => {
        const body = value as Schemas['PartnerInput']
        return etag ? data(api.PUT('/api/v1/partners/{partner}', { params: { path, header: { 'If-Match': etag } }, body })) : data(api.POST('/api/v1/partners', { body }))
      }}
      remove={(etag) => data(api.DELETE('/api/v1/partners/{partner}', { params: { path, header: { 'If-Match': etag } } }))}
    >
      {() => <TextField path="name" label={t('name')} maxLength={200} required />}
    </RowForm>
  )
}
