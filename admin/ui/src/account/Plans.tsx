import { Select, Stack, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages } from '../messages'
import { useAccountId } from './Account'
import { ActivePlan } from './plans/ActivePlan'
import { Entries } from './plans/Entries'
import { ScheduleForm } from './plans/ScheduleForm'
import { Week } from './plans/Week'

/** Plans are a scheme's: which is active, its week, where its numbers go, roster and holidays. */
export function Plans() {
  const { t } = useMessages()
  const account = useAccountId()
  const schemes = useQuery({ queryKey: ['schemes', account], queryFn: () => data(api.GET('/api/v1/accounts/{account}/schemes', { params: { path: { account } } })) })
  const [chosen, setChosen] = useState<string | null>(null)
  const list = schemes.data?.items ?? []
  const scheme = Number(chosen ?? list.find((s) => s.main)?.id ?? 0)
  if (!scheme) return <ProblemAlert error={schemes.error} />
  return (
    <Stack key={scheme}>
      {list.length > 1 && <Select aria-label={t('tab.plans')} value={String(scheme)} onChange={setChosen} data={list.map((s) => ({ value: String(s.id), label: s.name }))} w={300} />}
      <ActivePlan scheme={scheme} />
      <Week scheme={scheme} />
      <Tabs defaultValue="entries" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="entries">{t('plans.entries')}</Tabs.Tab>
          <Tabs.Tab value="roster">{t('plans.roster')}</Tabs.Tab>
          <Tabs.Tab value="holidays">{t('plans.holidays')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="entries" pt="md">
          <Entries scheme={scheme} />
        </Tabs.Panel>
        <Tabs.Panel value="roster" pt="md">
          <ScheduleForm scheme={scheme} what="roster" />
        </Tabs.Panel>
        <Tabs.Panel value="holidays" pt="md">
          <ScheduleForm scheme={scheme} what="holidays" />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}
