import { Alert, Button, Group, Loader, Modal, Paper, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, ProblemError, row, type Schemas } from '../../api/client'
import { NumberField, TextField } from '../../forms/fields/basic'
import { DestinationField } from '../../forms/fields/Destination'
import { useField } from '../../forms/fields/Form'
import { Rows } from '../../forms/fields/Rows'
import { EditingForm } from '../../forms/EditingForm'
import { useEditing, type Row } from '../../forms/useEditing'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { usePlanTexts } from '../../messages/plans'
import { useAccountId } from '../useAccount'
import { useCompanyNumbers } from './fields'
import { useSchemeChanged } from './usePlans'

type Plans = Schemas['PlanSummary'][]
type Entry = Schemas['PlanEntry']

function writable(v: object): Row['value'] {
  const { number, name, entries } = v as Schemas['Plan']
  return { number, name, entries: entries ?? [] }
}

/** PlanForm is a plan (0: a new one): its name and where its numbers go. */
export function PlanForm({ scheme, plan, plans, onDone }: { scheme: number; plan: number; plans: Plans; onDone: (plan: number) => void }) {
  const account = useAccountId()
  const path = { account, scheme, plan }
  const read = () => row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', { params: { path } }))
  const [version, setVersion] = useState(0)
  const was = useQuery({ queryKey: ['plan', account, scheme, plan, version], queryFn: read, enabled: plan !== 0, staleTime: Infinity, gcTime: 0 })
  const numbers = useCompanyNumbers(scheme)
  if (was.error && !was.data) return <ProblemAlert error={was.error} />
  if (!numbers) return null // a line that is added begins with the first number that is left
  if (plan === 0) {
    const taken = new Set(plans.map((p) => p.number))
    const number = Array.from({ length: 99 }, (_, i) => i + 1).find((n) => !taken.has(n))
    return <Form scheme={scheme} plan={0} plans={plans} first={{ value: { number, entries: [] }, etag: '' }} onDone={onDone} onCopied={() => {}} />
  }
  if (!was.data) return null
  return (
    <Form
      key={version}
      scheme={scheme}
      plan={plan}
      plans={plans}
      first={{ value: writable(was.data.value), etag: was.data.etag }}
      onDone={onDone}
      onCopied={() => setVersion(version + 1)}
    />
  )
}

type FormProps = { scheme: number; plan: number; plans: Plans; first: Row; onDone: (plan: number) => void; onCopied: () => void }

function Form({ scheme, plan, plans, first, onDone, onCopied }: FormProps) {
  const t = usePlanTexts()
  const account = useAccountId()
  const path = { account, scheme, plan }
  const [copy, setCopy] = useState(false)
  const form = useEditing({
    start: first,
    read: plan
      ? async () => {
          const now = await row(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', { params: { path } }))
          return { value: writable(now.value), etag: now.etag }
        }
      : undefined,
    save: (value, etag) => {
      const body = value as unknown as Schemas['Plan']
      return plan
        ? data(api.PUT('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', { params: { path, header: { 'If-Match': etag } }, body }))
        : data(api.POST('/api/v1/accounts/{account}/schemes/{scheme}/plans', { params: { path: { account, scheme } }, body }))
    },
    remove: plan ? (etag) => data(api.DELETE('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}', { params: { path, header: { 'If-Match': etag } } })) : undefined,
    stale: ['scheme', account, scheme],
    // One that stays open is not opened again: meanwhile somebody may have gone on to another.
    onSaved: (answer) => {
      const { number } = answer as Schemas['Plan']
      if (number !== plan) onDone(number)
    },
    onRemoved: () => onDone(0),
  })
  return (
    <Paper withBorder p="md">
      <EditingForm editing={form} what={`${plan} ${String(form.value.name ?? '')}`}>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextField path="name" maxLength={200} required />
          <NumberField path="number" min={1} max={99} required />
        </SimpleGrid>
        <Entries scheme={scheme} />
        {plan !== 0 && plans.length > 1 && (
          <div>
            <Button variant="default" size="xs" onClick={() => setCopy(true)}>
              {t('plan.copy')}
            </Button>
          </div>
        )}
      </EditingForm>
      <Modal opened={copy} onClose={() => setCopy(false)} title={t('plan.copy')}>
        <Copy
          scheme={scheme}
          plan={plan}
          plans={plans}
          onDone={() => {
            setCopy(false)
            onCopied()
          }}
        />
      </Modal>
    </Paper>
  )
}

/** Entries say where each number goes while the plan is active. */
function Entries({ scheme }: { scheme: number }) {
  const t = usePlanTexts()
  const numbers = useCompanyNumbers(scheme)
  const f = useField<Entry[]>('entries')
  if (!numbers) return <Loader size="sm" />
  const entries = f.value ?? []
  const free = numbers.filter((n) => !entries.some((e) => e.number === n))
  return (
    <Stack gap="xs">
      <Rows
        path="entries"
        titles={[t('entry.number'), t('entry.destination'), t('entry.prefix')]}
        add={t('entry.add')}
        empty={t(numbers.length ? 'entry.empty' : 'numbers.none')}
        fresh={free[0] ? { number: free[0] } : {}}
        row={(at, i) => [
          <NumberChoice key="n" path={`${at}.number`} cell={`${t('entry.number')} ${i + 1}`} free={free} />,
          <DestinationField key="d" path={`${at}.destination`} cell={`${t('entry.destination')} ${i + 1}`} />,
          <TextField key="p" path={`${at}.prefix`} cell={`${t('entry.prefix')} ${i + 1}`} maxLength={40} />,
        ]}
      />
      {free.length > 1 && (
        <div>
          <Button variant="subtle" size="compact-sm" onClick={() => f.set([...entries, ...free.map((number) => ({ number }) as Entry)])}>
            {t('entry.all')}
          </Button>
        </div>
      )}
    </Stack>
  )
}

function NumberChoice({ path, cell, free }: { path: string; cell: string; free: string[] }) {
  const f = useField<string>(path)
  return (
    <Select
      aria-label={cell}
      name={path}
      error={f.error}
      value={f.value ?? null}
      data={f.value ? [f.value, ...free] : free}
      searchable
      allowDeselect={false}
      onChange={(v) => f.set(v ?? undefined)}
    />
  )
}

/** Copy takes over the destinations of another plan; what would be overwritten is asked about. */
function Copy({ scheme, plan, plans, onDone }: { scheme: number; plan: number; plans: Plans; onDone: () => void }) {
  const t = usePlanTexts()
  const { t: app } = useMessages()
  const account = useAccountId()
  const client = useQueryClient()
  const changed = useSchemeChanged(scheme)
  const others = plans.filter((p) => p.number !== plan)
  const [from, setFrom] = useState(others[0]?.number ?? 0)
  const copy = useMutation({
    mutationFn: (confirm: boolean) =>
      data(api.POST('/api/v1/accounts/{account}/schemes/{scheme}/plans/{plan}/copy', { params: { path: { account, scheme, plan } }, body: { from, confirm } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['plan', account, scheme] })
      await changed()
      onDone()
    },
  })
  const asks = copy.error instanceof ProblemError && copy.error.fields.confirm !== undefined
  return (
    <Stack>
      <Select
        label={t('plan.copy.from')}
        value={String(from)}
        data={others.map((p) => ({ value: String(p.number), label: `${p.number} ${p.name}` }))}
        allowDeselect={false}
        onChange={(v) => {
          copy.reset()
          setFrom(Number(v))
        }}
      />
      {asks ? (
        <Alert color="orange" role="alert">
          <Stack gap="sm">
            <Text size="sm">{t('plan.copy.sure')}</Text>
            <Group>
              <Button color="red" loading={copy.isPending} onClick={() => copy.mutate(true)}>
                {t('plan.copy.over')}
              </Button>
              <Button variant="default" onClick={onDone}>
                {app('app.cancel')}
              </Button>
            </Group>
          </Stack>
        </Alert>
      ) : (
        <>
          <ProblemAlert error={copy.error} />
          <Group justify="flex-end">
            <Button loading={copy.isPending} onClick={() => copy.mutate(false)}>
              {t('plan.copy.do')}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  )
}
