import { Text } from '@mantine/core'
import { api, data, row, type Schemas } from '../../api/client'
import { SwitchField, TextField } from '../../forms/fields/basic'
import { useField } from '../../forms/fields/Form'
import { Rows } from '../../forms/fields/Rows'
import { Stored } from '../../forms/Stored'
import { useDetailsTexts } from '../../messages/details'
import { useAccount, useAccountId } from '../useAccount'
import { Part } from '../extensions/kinds/Part'
import { BarringField } from './Barring'

/** Facilities are what the account may call, and from where. */
export function Facilities() {
  const account = useAccountId()
  const path = { account }
  return (
    <Stored
      queryKey={['outbound', account]}
      read={async () => {
        const now = await row(api.GET('/api/v1/accounts/{account}/outbound', { params: { path } }))
        return { value: now.value, etag: now.etag }
      }}
      save={({ categories: _, ...value }, etag) =>
        data(api.PUT('/api/v1/accounts/{account}/outbound', { params: { path, header: { 'If-Match': etag } }, body: value as Schemas['Outbound'] }))
      }
    >
      <FacilityFields />
    </Stored>
  )
}

function FacilityFields() {
  const t = useDetailsTexts()
  const country = useAccount().data?.value.country
  const categories = useField<string[]>('categories').value ?? []
  return (
    <Part title={t('facilities')} wide>
      <BarringField path="barred" label={t('barred')} help={t('barred.help')} categories={categories} />
      {country === 'NL' && (
        <>
          <SwitchField path="ip_listing" label={t('ip')} help={t('ip.help')} />
          <Text size="sm" fw={500}>
            {t('ip.list')}
          </Text>
          <Rows
            path="allowed_addresses"
            titles={[t('ip.first'), t('ip.last'), t('description')]}
            add={t('ip.add')}
            empty={t('ip.empty')}
            row={(at, i) => [
              <TextField key="f" path={`${at}.first`} cell={`${t('ip.first')} ${i + 1}`} placeholder="192.0.2.1" />,
              <TextField key="l" path={`${at}.last`} cell={`${t('ip.last')} ${i + 1}`} />,
              <TextField key="d" path={`${at}.description`} cell={`${t('description')} ${i + 1}`} maxLength={200} />,
            ]}
          />
        </>
      )}
    </Part>
  )
}
