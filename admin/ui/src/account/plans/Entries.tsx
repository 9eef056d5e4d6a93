import { Group, Select, Stack } from '@mantine/core'
import { useState } from 'react'
import { api, data, row, type Schemas } from '../../api/client'
import { Editor } from '../../layout/Editor'
import { useAccountId } from '../Account'
import { usePlans, useSchemeChanged } from './usePlans'
import { useMessages } from '../../messages'

/** Entries say where each number goes while a plan is active. */
export function Entries({ scheme }: { scheme: number }) {
  const { t } = useMessages()
  const account = useAccountId()
  const plans = usePlans(scheme).data?.items ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const changed = useSchemeChanged(scheme)
  const plan = Number(chosen ?? plans[0]?.number ?? 0)
  const path = { account, scheme, plan }
  if (!plan) return null
  return (
    <Stack maw={700}>
      <Group>
        <Select
          label={t('tab.plans')}
          value={chosen === '' ? '' : String(plan)}
          onChange={(v) => setChosen(v)}
          data={plans.map((p) => ({ value: String(p.number), label: `${p.number} ${p.name}` }))}
        />
      </Group>
      <Editor
        key={plan}
        id={String(plan)}
        queryKey={['scheme', account, scheme, 'entries', plan]}
        onDone={() => void changed()}
        editing={{
          schema: 'Plan',
          read: () => row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', { params: { path } })),
          create: (body) => data(api.POST('/api/v1/accounts/{account}/schemes/{scheme}/plans', { params: { path: { account, scheme } }, body: body as Schemas['Plan'] })),
          update: (_, etag, body) =>
            data(
              api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', {
                params: { path, header: { 'If-Match': etag } },
                body: body as Schemas['Plan'],
              }),
            ),
        }}
      />
    </Stack>
  )
}
