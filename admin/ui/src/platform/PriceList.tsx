import { Badge, Text } from '@mantine/core'
import { money } from '../account/orders/format'
import { api, data, type Schemas } from '../api/client'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useSession } from '../session/session'
import { PriceForm, priceKey } from './PriceForm'
import { usePlatformTexts } from './texts'

type Item = Schemas['PriceListItem']

/** PriceList is what can be ordered, and what customers and partners pay for it. Partners look at it. */
export function PriceList() {
  const t = usePlatformTexts()
  const { t: app, language } = useMessages()
  const operator = useSession()?.role === 'operator'
  const price = (once: string | undefined, monthly: string | undefined, currency: string | undefined) => (
    <>
      <Text size="sm">{t('price.a_month', { amount: money(monthly ?? '0', currency ?? 'EUR', language) })}</Text>
      {Number(once) > 0 && (
        <Text size="xs" c="dimmed">
          + {money(once!, currency ?? 'EUR', language)}
        </Text>
      )}
    </>
  )
  return (
    <Resource<Item>
      title={app('platform.prices')}
      empty={t('prices.empty')}
      add={t('prices.new')}
      queryKey={priceKey}
      list={() => data(api.GET('/api/v1/price-list'))}
      id={(i) => i.code}
      called={(i) => i.name}
      columns={[
        {
          title: t('name'),
          cell: (i) => (
            <>
              {i.name}
              <Text size="xs" c="dimmed">
                {i.code}
              </Text>
            </>
          ),
        },
        { title: t('price.portfolio'), cell: (i) => i.portfolio },
        { title: t('price.type'), cell: (i) => t(`type.${i.type}`) },
        { title: t('price.sales'), cell: (i) => price(i.sales_once, i.sales_monthly, i.currency) },
        { title: t('price.purchase'), cell: (i) => price(i.purchase_once, i.purchase_monthly, i.currency) },
        {
          title: t('price.enabled'),
          cell: (i) =>
            i.enabled === false ? (
              <Badge variant="light" color="gray">
                {t('off')}
              </Badge>
            ) : (
              app('app.yes')
            ),
        },
      ]}
      {...(operator ? { form: (id: string, done: () => void) => <PriceForm id={id} onDone={done} /> } : {})}
    />
  )
}
