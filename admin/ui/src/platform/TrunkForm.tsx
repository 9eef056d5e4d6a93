import { Part } from '../account/extensions/kinds/Part'
import { api, data, row, type Schemas } from '../api/client'
import { ChoiceField, EitherField, NumberField, SecretField, SwitchField, TextField } from '../forms/fields/basic'
import { RowForm } from '../forms/RowForm'
import { useMessages } from '../messages'
import { AccountField, WordsField } from './fields'
import { usePlatformTexts } from './texts'

export const trunkKey = ['trunks']

const formats = ['e164', 'e164plain', 'idd', 'national'] as const

/** TrunkForm is a carrier: where it is, how it and we know each other, and how it writes numbers. */
export function TrunkForm({ id, onDone }: { id: string; onDone: () => void }) {
  const t = usePlatformTexts()
  const { language } = useMessages()
  const path = { trunk: id }
  const countries = new Intl.DisplayNames([language], { type: 'region' })
  return (
    <RowForm
      id={id}
      initial={{ country: 'NL', enabled: true, transport: 'udp', format: 'e164', timeout: 4 }}
      queryKey={trunkKey}
      what={id}
      onDone={onDone}
      read={async () => {
        const { value, etag } = await row(api.GET('/api/v1/trunks/{trunk}', { params: { path } }))
        const { id: _, ...written } = value
        return { value: written, etag }
      }}
      save={(value, etag) => {
        const body = value as unknown as Schemas['Trunk']
        return etag ? data(api.PUT('/api/v1/trunks/{trunk}', { params: { path, header: { 'If-Match': etag } }, body })) : data(api.POST('/api/v1/trunks', { body }))
      }}
      remove={(etag) => data(api.DELETE('/api/v1/trunks/{trunk}', { params: { path, header: { 'If-Match': etag } } }))}
    >
      {() => (
        <>
          <Part title={t('trunk.general')}>
            <TextField path="name" label={t('name')} help={t('trunk.name.help')} maxLength={40} required />
            <AccountField path="account" label={t('trunk.account')} none={t('trunk.account.all')} />
            <NumberField path="priority" label={t('trunk.priority')} help={t('trunk.priority.help')} min={-1000} max={1000} initial={0} />
            <NumberField path="channels" label={t('trunk.channels')} help={t('zero.none')} min={0} max={100000} initial={0} />
            <SwitchField path="enabled" label={t('enabled')} initial />
          </Part>
          <Part title={t('trunk.address')}>
            <TextField path="host" label={t('trunk.host')} maxLength={253} placeholder="sip.example.com" required />
            <NumberField path="port" label={t('trunk.port')} help={t('trunk.port.help')} min={0} max={65535} initial={0} />
            <EitherField path="transport" label={t('trunk.transport')} initial="udp" choices={['udp', 'tcp', 'tls'].map((value) => ({ value, label: value.toUpperCase() }))} />
            <SwitchField path="secure" label={t('trunk.secure')} help={t('trunk.secure.help')} />
            <NumberField path="timeout" label={t('trunk.timeout')} min={0.1} max={60} initial={4} decimals />
          </Part>
          <Part title={t('trunk.access')}>
            <WordsField path="sources" label={t('trunk.sources')} help={t('trunk.sources.help')} placeholder="192.0.2.0/24" />
            <SwitchField path="register" label={t('trunk.register')} />
            <TextField path="username" label={t('trunk.username')} maxLength={128} />
            <SecretField path="password" label={t('password')} help={id ? t('trunk.password.help') : undefined} />
          </Part>
          <Part title={t('trunk.numbers')}>
            <ChoiceField path="country" label={t('trunk.country')} required choices={['NL', 'DE', 'ES', 'LV'].map((value) => ({ value, label: countries.of(value) ?? value }))} />
            <ChoiceField path="format" label={t('trunk.format')} required initial="e164" choices={formats.map((value) => ({ value, label: t(`format.${value}`) }))} />
            <TextField path="emergency" label={t('trunk.emergency')} help={t('trunk.emergency.help', { number: '{number}', area: '{area}', cc: '{cc}' })} maxLength={64} />
          </Part>
        </>
      )}
    </RowForm>
  )
}
