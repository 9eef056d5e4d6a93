import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { money } from '../account/orders/format'
import { NumberField, TextField } from '../forms/fields/basic'
import { RowForm } from '../forms/RowForm'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { useSession } from '../session/session'
import { changeTariff, readTariff, readTariffs, tariffKey, tariffsCSV, type Tariff } from './charges'
import { AmountField } from './fields'
import { TariffImport } from './TariffImport'
import { usePlatformTexts } from './texts'

/** A page of them: there may be many thousands. */
const page = 100

/** Tariffs are what calls cost, by the begin of the number. Partners look at them. */
export function Tariffs() {
  const t = usePlatformTexts()
  const { t: app, language } = useMessages()
  const operator = useSession()?.role === 'operator'
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const wish = typed.trim().toLowerCase()
  const all = () => client.fetchQuery({ queryKey: [...tariffKey, 'all'], queryFn: readTariffs, staleTime: 2_000 })
  return (
    <Stack>
      <Resource<Tariff>
        title={app('platform.tariffs')}
        empty={t('tariffs.empty')}
        filtered={wish ? t('tariffs.filtered') : undefined}
        add={t('tariffs.new')}
        queryKey={[...tariffKey, 'list', wish]}
        list={async (cursor) => {
          const found = (await all()).items.filter((x) => x.prefix.startsWith(wish) || x.name.toLowerCase().includes(wish))
          const from = Number(cursor ?? 0)
          return { items: found.slice(from, from + page), total: found.length, next: from + page < found.length ? String(from + page) : '' }
        }}
        id={(x) => x.prefix}
        called={(x) => `${x.prefix} ${x.name}`}
        toolbar={
          <>
            <TextInput aria-label={t('tariffs.search')} placeholder={t('tariffs.search')} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
            {operator && <TariffImport />}
            <Button
              variant="default"
              onClick={async () => {
                const link = document.createElement('a')
                link.href = URL.createObjectURL(new Blob([tariffsCSV((await all()).items)], { type: 'text/csv' }))
                link.download = 'tariffs.csv'
                link.click()
                URL.revokeObjectURL(link.href)
              }}
            >
              {t('tariffs.export')}
            </Button>
          </>
        }
        columns={[
          { title: t('tariff.prefix'), cell: (x) => x.prefix },
          { title: t('tariff.name'), cell: (x) => x.name },
          { title: t('tariff.call'), cell: (x) => money(x.per_call ?? '0', x.currency ?? 'EUR', language) },
          { title: t('tariff.minute'), cell: (x) => money(x.per_minute ?? '0', x.currency ?? 'EUR', language) },
          { title: `${t('tariff.first')} / ${t('tariff.step').toLowerCase()}`, cell: (x) => t('tariff.steps', { first: x.first ?? 1, step: x.step ?? 1 }) },
        ]}
        {...(operator ? { form: (id: string, done: () => void) => <TariffForm id={id} onDone={done} /> } : {})}
      />
      <Text size="sm" c="dimmed">
        {t('tariffs.help')}
      </Text>
    </Stack>
  )
}

function TariffForm({ id, onDone }: { id: string; onDone: () => void }) {
  const t = usePlatformTexts()
  return (
    <RowForm
      id={id}
      initial={{ currency: 'EUR', first: 1, step: 1 }}
      queryKey={tariffKey}
      what={id}
      onDone={onDone}
      read={() => readTariff(id)}
      save={(value, was) => changeTariff(was ? id : String(value.prefix ?? ''), was, { prefix: '', name: '', ...value } as Tariff)}
      remove={(was) => changeTariff(id, was, null)}
    >
      {() => (
        <>
          <TextField path="prefix" label={t('tariff.prefix')} help={t('tariff.prefix.help')} maxLength={15} inputMode="tel" required />
          <TextField path="name" label={t('tariff.name')} maxLength={200} required />
          <AmountField path="per_call" label={t('tariff.call')} />
          <AmountField path="per_minute" label={t('tariff.minute')} />
          <TextField path="currency" label={t('price.currency')} maxLength={3} required />
          <NumberField path="first" label={t('tariff.first')} min={1} max={3600} initial={1} />
          <NumberField path="step" label={t('tariff.step')} min={1} max={3600} initial={1} />
        </>
      )}
    </RowForm>
  )
}
