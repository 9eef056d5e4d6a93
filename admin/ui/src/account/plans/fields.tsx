import { Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { useCommon, type FieldProps } from '../../forms/fields/basic'
import { useField } from '../../forms/fields/Form'
import { useAccountId } from '../useAccount'

/** PlanField is a plan of the scheme by its number. */
export function PlanField({ plans, ...p }: FieldProps & { plans: Schemas['PlanSummary'][] }) {
  const f = useField<number>(p.path)
  return (
    <Select
      {...useCommon(p)}
      value={f.value ? String(f.value) : null}
      data={plans.map((x) => ({ value: String(x.number), label: `${x.number} ${x.name}` }))}
      allowDeselect={false}
      onChange={(v) => f.set(Number(v))}
    />
  )
}

/** MomentField is a date and a time on the clock of the account's time zone; midnight is also written as 24:00. */
export function MomentField(p: FieldProps) {
  const f = useField<string>(p.path)
  const shown = f.value?.endsWith('T24:00') ? new Date(Date.parse(`${f.value.slice(0, 10)}T00:00Z`) + 86_400_000).toISOString().slice(0, 16) : (f.value ?? '')
  return <TextInput {...useCommon(p)} type="datetime-local" value={shown} onChange={(e) => f.set(e.currentTarget.value || undefined)} />
}

/** useCompanyNumbers are the numbers that may be in a plan of a scheme; undefined until they are known. */
export function useCompanyNumbers(scheme?: number): string[] | undefined {
  const account = useAccountId()
  const all = useQuery({
    queryKey: ['numbers', account, 'choices'],
    staleTime: 30_000,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/numbers', { params: { path: { account }, query: { limit: 500 } } })),
  })
  if (all.error && !all.data) return []
  return all.data && (all.data.items ?? []).filter((n) => !n.personal && (!scheme || !n.scheme || n.scheme === scheme)).map((n) => n.number)
}
