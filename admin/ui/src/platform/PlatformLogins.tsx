import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { moment } from '../account/time'
import { api, data, row, type Schemas } from '../api/client'
import { EitherField, SecretField, SwitchField, TextField } from '../forms/fields/basic'
import { RowForm } from '../forms/RowForm'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { PartnerField } from './fields'
import { usePlatformTexts } from './texts'

type Login = Schemas['Login']

const queryKey = ['platform-logins']

/** PlatformLogins are the operators, and the people of partners. */
export function PlatformLogins() {
  const t = usePlatformTexts()
  const { t: app, language } = useMessages()
  const partners = useQuery({ queryKey: ['partners', 'choice'], queryFn: () => data(api.GET('/api/v1/partners', { params: { query: { limit: 500 } } })) }).data?.items ?? []
  const who = (l: Login) => (l.role === 'partner' ? (partners.find((p) => p.id === l.partner)?.name ?? t('login.partner')) : t('login.operator'))
  return (
    <Resource<Login>
      title={app('platform.logins')}
      empty={t('logins.empty')}
      add={t('logins.new')}
      queryKey={queryKey}
      list={(cursor) => data(api.GET('/api/v1/logins', { params: { query: { cursor } } }))}
      id={(l) => String(l.id)}
      called={(l) => l.name}
      columns={[
        { title: t('email'), cell: (l) => l.email },
        { title: t('name'), cell: (l) => l.name },
        { title: t('login.role'), cell: who },
        { title: t('login.factor'), cell: (l) => (l.totp ? app('app.yes') : '–') },
        { title: t('login.last'), cell: (l) => (l.enabled === false ? t('off') : moment(l.last_login_at, undefined, language)) },
      ]}
      form={(id, done) => <LoginForm id={id} onDone={done} />}
    />
  )
}

function LoginForm({ id, onDone }: { id: string; onDone: () => void }) {
  const t = usePlatformTexts()
  const path = { person: Number(id) }
  return (
    <RowForm
      id={id}
      initial={{ role: 'operator' }}
      queryKey={queryKey}
      what={id}
      onDone={onDone}
      read={async () => {
        const { value, etag } = await row(api.GET('/api/v1/logins/{person}', { params: { path } }))
        const { email, name, role, enabled, partner } = value
        return { value: { email, name, role, enabled, ...(partner ? { partner } : {}) }, etag }
      }}
      save={(value, etag) => {
        const body = { ...value, ...(value.role === 'operator' ? { partner: undefined } : {}) } as unknown as Schemas['PlatformLoginInput']
        return etag ? data(api.PUT('/api/v1/logins/{person}', { params: { path, header: { 'If-Match': etag } }, body })) : data(api.POST('/api/v1/logins', { body }))
      }}
      remove={(etag) => data(api.DELETE('/api/v1/logins/{person}', { params: { path, header: { 'If-Match': etag } } }))}
    >
      {(value) => (
        <>
          {id === '' ? (
            <>
              <EitherField
                path="role"
                label={t('login.role')}
                help={t(value.role === 'partner' ? 'login.partner.help' : 'login.operator.help')}
                choices={(['operator', 'partner'] as const).map((r) => ({ value: r, label: t(`login.${r}`) }))}
              />
              {value.role === 'partner' && <PartnerField path="partner" label={t('login.partner')} none="" required />}
            </>
          ) : (
            <Text size="sm" c="dimmed">
              {t('login.fixed')}
            </Text>
          )}
          <TextField path="email" label={t('email')} inputMode="email" maxLength={254} required />
          <TextField path="name" label={t('name')} maxLength={200} required />
          <SecretField path="password" label={t('password')} help={t('login.password.help')} />
          <SwitchField path="enabled" label={t('enabled')} initial />
        </>
      )}
    </RowForm>
  )
}
