import { Collapse, Button, Paper } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, row, type Schemas } from '../../api/client'
import { ChoiceField, TextField } from '../../forms/fields/basic'
import { Rows } from '../../forms/fields/Rows'
import { TimeField } from '../../forms/fields/Time'
import { EditingForm } from '../../forms/EditingForm'
import { label } from '../../forms/labels'
import { useEditing, type Row } from '../../forms/useEditing'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { usePlanTexts } from '../../messages/plans'
import { useAccountId } from '../useAccount'
import { MomentField, PlanField } from './fields'
import { Painter } from './Painter'
import { usePlans } from './usePlans'
import { days } from './week'

type What = 'roster' | 'holidays'

function useTiming(scheme: number, what: What) {
  const account = useAccountId()
  const path = { account, scheme }
  const read = async (): Promise<Row> => {
    const now =
      what === 'roster'
        ? await row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/roster', { params: { path } }))
        : await row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/holidays', { params: { path } }))
    const { $schema: _, ...value } = now.value as Record<string, unknown>
    return { value, etag: now.etag }
  }
  const save = (value: Row['value'], etag: string): Promise<unknown> => {
    const params = { path, header: { 'If-Match': etag } }
    return what === 'roster'
      ? data(api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/roster', { params, body: { periods: [], ...value } as unknown as Schemas['Roster'] }))
      : data(api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/holidays', { params, body: { holidays: [], ...value } as unknown as Schemas['Holidays'] }))
  }
  return { account, read, save }
}

/** Timing is the roster of a scheme, or its holidays. */
export function Timing({ scheme, what }: { scheme: number; what: What }) {
  const { account, read } = useTiming(scheme, what)
  const was = useQuery({ queryKey: ['timing', account, scheme, what], queryFn: read, staleTime: Infinity, gcTime: 0 })
  const plans = usePlans(scheme).data?.items
  if (!was.data || !plans) return <ProblemAlert error={was.error} />
  return <Form scheme={scheme} what={what} first={was.data} plans={plans} />
}

function Form({ scheme, what, first, plans }: { scheme: number; what: What; first: Row; plans: Schemas['PlanSummary'][] }) {
  const { account, read, save } = useTiming(scheme, what)
  const form = useEditing({ start: first, read, save, stale: ['scheme', account, scheme] })
  return (
    <Paper withBorder p="md">
      <EditingForm editing={form}>
        {what === 'roster' ? <Roster plans={plans} /> : <Holidays plans={plans} />}
      </EditingForm>
    </Paper>
  )
}

function Roster({ plans }: { plans: Schemas['PlanSummary'][] }) {
  const t = usePlanTexts()
  const { language } = useMessages()
  const [list, setList] = useState(false)
  const choices = days.map((value, i) => ({ value, label: new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + i)) }))
  return (
    <>
      <Painter plans={plans} />
      <div>
        <Button variant="subtle" size="compact-sm" aria-expanded={list} onClick={() => setList(!list)}>
          {t('list')}
        </Button>
      </div>
      <Collapse expanded={list}>
        <Rows
          path="periods"
          titles={[t('from'), '', t('to'), '', t('plan')]}
          add={t('list.add')}
          fresh={{ start_day: 'mo', start: '09:00', end_day: 'mo', end: '17:00', plan: plans[1]?.number ?? 1 }}
          row={(at, i) => [
            <ChoiceField key="sd" path={`${at}.start_day`} cell={`${t('from')} ${i + 1}`} choices={choices} required />,
            <TimeField key="s" path={`${at}.start`} cell={`${t('from')} ${i + 1}`} />,
            <ChoiceField key="ed" path={`${at}.end_day`} cell={`${t('to')} ${i + 1}`} choices={choices} required />,
            <TimeField key="e" path={`${at}.end`} cell={`${t('to')} ${i + 1}`} />,
            <PlanField key="p" path={`${at}.plan`} cell={`${t('plan')} ${i + 1}`} plans={plans} />,
          ]}
        />
      </Collapse>
    </>
  )
}

function Holidays({ plans }: { plans: Schemas['PlanSummary'][] }) {
  const t = usePlanTexts()
  const { language } = useMessages()
  const name = label('name', language)
  return (
    <Rows
      path="holidays"
      titles={[name, t('from'), t('to'), t('plan')]}
      add={t('holiday.add')}
      empty={t('holiday.empty')}
      fresh={{ plan: plans.at(-1)?.number ?? 1 }}
      row={(at, i) => [
        <TextField key="n" path={`${at}.name`} cell={`${name} ${i + 1}`} maxLength={200} />,
        <MomentField key="s" path={`${at}.start`} cell={`${t('from')} ${i + 1}`} />,
        <MomentField key="e" path={`${at}.end`} cell={`${t('to')} ${i + 1}`} />,
        <PlanField key="p" path={`${at}.plan`} cell={`${t('plan')} ${i + 1}`} plans={plans} />,
      ]}
    />
  )
}
