import { Button, Group, Stack } from '@mantine/core'
import { useState } from 'react'
import { ProblemAlert } from '../../layout/Problem'
import { usePlanTexts } from '../../messages/plans'
import { planColour } from './colours'
import { PlanForm } from './PlanForm'
import { usePlans } from './usePlans'

/** Entries are the plans of a scheme, one of which is open. */
export function Entries({ scheme }: { scheme: number }) {
  const t = usePlanTexts()
  const all = usePlans(scheme)
  const plans = all.data?.items ?? []
  const [chosen, setChosen] = useState<number | null>(null)
  if (!all.data) return <ProblemAlert error={all.error} />
  const plan = chosen === 0 || plans.some((p) => p.number === chosen) ? chosen! : (plans[0]?.number ?? 0)
  return (
    <Stack>
      <Group gap="xs" role="radiogroup" aria-label={t('tab.plans')}>
        {plans.map((p) => (
          <Button
            key={p.number}
            variant="default"
            size="sm"
            role="radio"
            aria-checked={plan === p.number}
            onClick={() => setChosen(p.number)}
            style={{ ...planColour(p.number), color: 'inherit', outline: plan === p.number ? '2px solid var(--mantine-primary-color-filled)' : undefined, outlineOffset: 1 }}
          >
            {p.number} {p.name}
          </Button>
        ))}
        {plans.length < 99 && (
          <Button variant={plan === 0 ? 'filled' : 'subtle'} size="sm" onClick={() => setChosen(0)}>
            {t('plan.new')}
          </Button>
        )}
      </Group>
      <PlanForm key={plan} scheme={scheme} plan={plan} plans={plans} onDone={(n) => setChosen(n || null)} />
    </Stack>
  )
}
