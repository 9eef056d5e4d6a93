import { Text } from '@mantine/core'
import { Part } from '../account/extensions/kinds/Part'
import { api, data, row, type Schemas } from '../api/client'
import { ChoiceField, NumberField, SwitchField, TextField } from '../forms/fields/basic'
import { label } from '../forms/labels'
import { RowForm } from '../forms/RowForm'
import { useMessages } from '../messages'
import { AmountField, ManyField } from './fields'
import { usePlatformTexts } from './texts'

export const priceKey = ['price-list']

const types = ['user', 'extension', 'data', 'sms', 'addon'] as const
const products = ['starter', 'advanced', 'professional', 'expert']
const kinds = ['group', 'ivr', 'forward', 'auto_answer', 'time', 'limit', 'location', 'authentication', 'picker', 'queue', 'voicemail', 'ai']

/** PriceForm is an item of the price list. It is not deleted, since orders have it: one that can't be ordered any more is turned off. */
export function PriceForm({ id, onDone }: { id: string; onDone: () => void }) {
  const t = usePlatformTexts()
  const { language } = useMessages()
  const countries = new Intl.DisplayNames([language], { type: 'region' })
  const named = (list: string[]) => list.map((value) => ({ value, label: label(value, language) }))
  return (
    <RowForm
      id={id}
      initial={{ portfolio: 'Callplane', type: 'addon', currency: 'EUR', enabled: true }}
      queryKey={priceKey}
      what={id}
      onDone={onDone}
      read={async () => {
        const { value, etag } = await row(api.GET('/api/v1/price-list/{item}', { params: { path: { item: id } } }))
        const { code: _, ...written } = value
        return { value: written, etag }
      }}
      save={({ item, ...value }, etag) => {
        const body = { ...value, ...(value.type === 'user' ? {} : { product: undefined }), ...(value.type === 'extension' ? {} : { kind: undefined }) } as unknown as Schemas['PriceItemInput']
        const header = etag ? { 'If-Match': etag } : { 'If-None-Match': '*' as const }
        return data(api.PUT('/api/v1/price-list/{item}', { params: { path: { item: id || (item ? String(item) : ' ') }, header }, body }))
      }}
    >
      {(value) => (
        <>
          <Part title={t('price.item')}>
            {id === '' && <TextField path="item" label={t('price.code')} help={t('price.code.help')} maxLength={40} required />}
            <TextField path="name" label={t('name')} maxLength={200} required />
            <TextField path="portfolio" label={t('price.portfolio')} maxLength={100} required />
            <ChoiceField path="type" label={t('price.type')} required choices={types.map((v) => ({ value: v, label: t(`type.${v}`) }))} />
            {value.type === 'user' && <ChoiceField path="product" label={t('price.product')} required choices={named(products)} />}
            {value.type === 'extension' && <ChoiceField path="kind" label={t('price.kind')} required choices={named(kinds)} />}
            <NumberField path="position" label={t('price.position')} min={0} max={10000} initial={0} />
            <SwitchField path="enabled" label={t('price.enabled')} initial />
          </Part>
          <Part title={t('price.prices')}>
            <AmountField path="sales_once" label={t('price.sales_once')} />
            <AmountField path="sales_monthly" label={t('price.sales_monthly')} />
            <AmountField path="purchase_once" label={t('price.purchase_once')} />
            <AmountField path="purchase_monthly" label={t('price.purchase_monthly')} />
            <TextField path="currency" label={t('price.currency')} maxLength={3} required />
            <Text size="sm" c="dimmed">
              {t('price.prices.help')}
            </Text>
          </Part>
          {value.type !== 'user' && value.type !== 'extension' && (
            <Part title={t('price.for')} wide>
              <ManyField path="for_products" label={t('type.user')} help={t('price.for.help')} choices={named(products)} />
              {value.type === 'addon' && <ManyField path="for_extensions" label={t('type.extension')} choices={named(kinds)} />}
            </Part>
          )}
          <Part title={t('price.countries')} wide>
            <ManyField path="countries" label={t('price.countries')} help={t('price.countries.help')} choices={['NL', 'DE', 'ES', 'LV'].map((v) => ({ value: v, label: countries.of(v) ?? v }))} />
          </Part>
        </>
      )}
    </RowForm>
  )
}
