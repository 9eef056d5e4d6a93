import { Stack, Title } from '@mantine/core'
import { api, data, row, type Schemas } from '../api/client'
import { ChoiceField, LanguageField, NumberField, SwitchField, TextField } from '../forms/fields/basic'
import { OwnNumberField } from '../forms/fields/choices'
import { Stored } from '../forms/Stored'
import { useMessages } from '../messages'
import { useDetailsTexts } from '../messages/details'
import { PartnerField } from '../platform/fields'
import { useSession } from '../session/session'
import { useAccountId } from './useAccount'
import { Facilities } from './details/Facilities'
import { Part } from './extensions/kinds/Part'

/** Details are an account's settings and its facilities. */
export function Details() {
  const t = useDetailsTexts()
  const { language } = useMessages()
  const me = useSession()
  const account = useAccountId()
  const path = { account }
  const countries = new Intl.DisplayNames([language], { type: 'region' })
  return (
    <Stack maw={860}>
      <Title order={2} size="h3">
        {t('title')}
      </Title>
      <Stored
        queryKey={['account', account]}
        read={async () => {
          const now = await row(api.GET('/api/v1/accounts/{account}', { params: { path } }))
          const { id: _i, version: _v, created_at: _c, ...value } = now.value
          return { value, etag: now.etag }
        }}
        save={(value, etag) => data(api.PUT('/api/v1/accounts/{account}', { params: { path, header: { 'If-Match': etag } }, body: value as unknown as Schemas['Account'] }))}
      >
        <Part title={t('company')}>
          <TextField path="name" maxLength={200} required />
          <SwitchField path="enabled" initial />
          <ChoiceField path="country" help={t('country.help')} required choices={['NL', 'DE', 'ES', 'LV'].map((value) => ({ value, label: countries.of(value) ?? value }))} />
          <LanguageField path="language" placeholder={t('country')} />
          <TextField path="time_zone" help={t('zone.help')} />
          <TextField path="area_code" help={t('area.help')} inputMode="numeric" maxLength={6} />
          <NumberField path="extension_length" help={t('length.help')} min={2} max={5} initial={3} />
        </Part>
        <Part title={t('numbers')}>
          <OwnNumberField path="caller_id" label={t('caller')} none={t('none')} />
          <OwnNumberField path="emergency_caller_id" label={t('emergency')} help={t('emergency.help')} none={t('none')} />
        </Part>
        <Part title={t('limits')}>
          <NumberField path="call_limit" label={t('limit')} help={t('limit.help')} min={0} max={100000} initial={0} />
          <NumberField path="park_timeout" label={t('park')} min={1} max={86400} initial={120} />
          {me?.role === 'operator' && <PartnerField path="partner" label={t('partner')} help={t('partner.help')} none={t('none')} />}
        </Part>
      </Stored>
      <Facilities />
    </Stack>
  )
}
