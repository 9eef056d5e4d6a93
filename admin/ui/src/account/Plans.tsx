import { Group, Stack, Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { api, data } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages } from '../messages'
import { usePlanTexts } from '../messages/plans'
import { useAccountId } from './useAccount'
import { ActivePlan } from './plans/ActivePlan'
import { Entries } from './plans/Entries'
import { SchemeChoice } from './plans/Scheme'
import { Simulation } from './plans/Simulation'
import { Timing } from './plans/Timing'
import { Week } from './plans/Week'

const tabs = ['plans', 'roster', 'holidays', 'simulation'] as const

/** Plans are a scheme's: which is active, where its numbers go, roster and holidays, and what would happen to a call. */
export function Plans() {
  const { t: app } = useMessages()
  const t = usePlanTexts()
  const account = useAccountId()
  const schemes = useQuery({ queryKey: ['schemes', account], queryFn: () => data(api.GET('/api/v1/accounts/{account}/schemes', { params: { path: { account } } })) })
  const [chosen, setChosen] = useState<number | null>(null)
  const [at, setAt] = useSearchParams()
  const list = schemes.data?.items ?? []
  const scheme = list.find((s) => s.id === chosen)?.id ?? list.find((s) => s.main)?.id ?? 0
  if (!scheme) return <ProblemAlert error={schemes.error} />
  return (
    <Stack key={scheme}>
      <Group justify="space-between">
        <Title order={2} size="h3">
          {app('tab.plans')}
        </Title>
        <SchemeChoice schemes={list} scheme={scheme} onChoose={setChosen} />
      </Group>
      <ActivePlan scheme={scheme} />
      <Tabs value={at.get('tab') ?? 'plans'} onChange={(v) => setAt(v && v !== 'plans' ? { tab: v } : {}, { replace: true })} keepMounted={false}>
        <Tabs.List>
          {tabs.map((x) => (
            <Tabs.Tab key={x} value={x}>
              {t(`tab.${x}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="plans" pt="md">
          <Entries scheme={scheme} />
        </Tabs.Panel>
        <Tabs.Panel value="roster" pt="md">
          <Timing scheme={scheme} what="roster" />
        </Tabs.Panel>
        <Tabs.Panel value="holidays" pt="md">
          <Stack>
            <Timing scheme={scheme} what="holidays" />
            <Week scheme={scheme} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="simulation" pt="md">
          <Simulation />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}
