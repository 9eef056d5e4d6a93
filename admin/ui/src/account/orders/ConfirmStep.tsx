import { Checkbox, SimpleGrid, Table, Text } from '@mantine/core'
import { useMessages, useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { useAccount } from '../useAccount'
import { day, money, sum } from './format'
import { orderTexts } from './texts'
import type { StepProps } from './Wizard'

/** ConfirmStep shows what is ordered and what it costs. */
export function ConfirmStep({ draft, set, product, products, errors }: StepProps) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const me = useSession()
  const customer = useAccount().data?.value.name
  const codes = [draft.product, draft.data, draft.sms, ...draft.addOns].filter(Boolean)
  const items = codes.flatMap((c) => products.filter((p) => p.code === c))
  const currency = items[0]?.currency ?? 'EUR'
  const facts: [string, string][] = [
    [t('customer'), customer ?? ''],
    [t('start'), day(draft.start, language)],
    [t('reference'), draft.reference || '–'],
    [t('name'), draft.existing ? '–' : draft.extension.name || '–'],
    [t('extension'), draft.next && !draft.existing ? t('next') : draft.number],
  ]
  if (product?.mobile) {
    facts.push([t('contract'), draft.months ? t('contract.months', { n: draft.months }) : t('contract.none')])
    facts.push([t('sim'), draft.simNow && draft.sim ? draft.sim : t('sim.waits')])
    if (draft.numberType) facts.push([t('number.type'), `${draft.phoneNumber} (${t(`number.${draft.numberType}`)})`])
  }
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" verticalSpacing={6}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {name}
            </Text>
            <Text>{value}</Text>
          </div>
        ))}
      </SimpleGrid>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('product')}</Table.Th>
            <Table.Th ta="right">{t('once')}</Table.Th>
            <Table.Th ta="right">{t('monthly')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((i) => (
            <Table.Tr key={i.code}>
              <Table.Td>{i.name}</Table.Td>
              <Table.Td ta="right">{money(i.once, i.currency, language)}</Table.Td>
              <Table.Td ta="right">{money(i.monthly, i.currency, language)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th>{t('total')}</Table.Th>
            <Table.Th ta="right">{money(sum(items.map((i) => i.once)), currency, language)}</Table.Th>
            <Table.Th ta="right">{money(sum(items.map((i) => i.monthly)), currency, language)}</Table.Th>
          </Table.Tr>
        </Table.Tfoot>
      </Table>
      {!me?.account && (
        <Checkbox
          label={t('billing')}
          description={t('billing.help')}
          checked={draft.billing}
          error={errors.billing}
          onChange={(e) => set({ billing: e.currentTarget.checked })}
        />
      )}
    </>
  )
}
