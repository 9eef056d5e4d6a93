import { Checkbox, Group, Stack, Text } from '@mantine/core'
import { useMessages, useTexts } from '../../messages'
import { money } from './format'
import { orderTexts } from './texts'
import { fits, type Product } from './useOrders'

type Props = { chosen: string[]; onChange: (codes: string[]) => void; product: Product | undefined; products: Product[]; errors: Record<string, string> }

/** AddOns are the add-ons that can be ordered with a product. */
export function AddOns({ chosen, onChange, product, products, errors }: Props) {
  const t = useTexts(orderTexts)
  const { language } = useMessages()
  const list = products.filter((p) => p.type === 'addon' && fits(p, product))
  if (list.length === 0) return <Text c="dimmed">{t('addons.none')}</Text>
  return (
    <Stack gap="xs">
      {list.map((p) => (
        <Group key={p.code} justify="space-between">
          <Checkbox
            label={p.name}
            checked={chosen.includes(p.code)}
            error={errors[`add_ons[${chosen.indexOf(p.code)}]`]}
            onChange={(e) => onChange(e.currentTarget.checked ? [...chosen, p.code] : chosen.filter((c) => c !== p.code))}
          />
          <Text size="sm" c="dimmed">
            {money(p.monthly, p.currency, language)}
          </Text>
        </Group>
      ))}
    </Stack>
  )
}

export function AddOnStep({ draft, set, ...rest }: Omit<Props, 'chosen' | 'onChange'> & { draft: { addOns: string[] }; set: (c: { addOns: string[] }) => void }) {
  return <AddOns chosen={draft.addOns} onChange={(addOns) => set({ addOns })} {...rest} />
}
