import { Alert, Anchor, Breadcrumbs, Button, Group, Paper, Stack, Stepper, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api, data, ProblemError } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useTexts } from '../../messages'
import { useAccountId } from '../useAccount'
import { AddOnStep } from './AddOnStep'
import { ConfirmStep } from './ConfirmStep'
import { again, blank, bodyOf, stepOf, stepsOf, type Draft } from './draft'
import { ExtensionStep } from './ExtensionStep'
import { ProductStep } from './ProductStep'
import { SimStep } from './SimStep'
import { SubscriptionStep } from './SubscriptionStep'
import { orderTexts } from './texts'
import { fits, useProducts, useToday, type Product } from './useOrders'
import { Submit } from '../../forms/Submit'

export type StepProps = {
  draft: Draft
  set: (change: Partial<Draft>) => void
  product: Product | undefined
  products: Product[]
  errors: Record<string, string>
}

/** Wizard places an order step by step; what is wrong leads back to its step with all that was typed. */
export function Wizard() {
  const t = useTexts(orderTexts)
  const account = useAccountId()
  const today = useToday()
  const go = useNavigate()
  const client = useQueryClient()
  const list = useProducts()
  const products = list.data?.items ?? []
  const [draft, setDraft] = useState<Draft>(() => blank(today, ''))
  const [active, setActive] = useState(0)
  const [placed, setPlaced] = useState('')
  const form = useRef<HTMLFormElement>(null)
  const portfolio = draft.portfolio || (products[0]?.portfolio ?? '')
  const current = { ...draft, portfolio }
  const product = products.find((p) => p.code === draft.product)
  const steps = stepsOf(product)
  const step = steps[Math.min(active, steps.length - 1)]!

  // The first field of each further step is where one begins to type.
  const shown = useRef(step)
  useEffect(() => {
    if (shown.current === step) return
    shown.current = step
    form.current?.querySelector<HTMLElement>('input:not([type=hidden]):not([disabled])')?.focus()
  }, [step])

  const place = useMutation({
    mutationFn: (_: { more: boolean }) => data(api.POST('/api/v1/accounts/{account}/orders', { params: { path: { account } }, body: bodyOf(current, product) })),
    onSuccess: async (order, { more }) => {
      await client.invalidateQueries({ queryKey: ['orders', account] })
      await client.invalidateQueries({ queryKey: ['extensions', account] })
      if (!more) return go(`/accounts/${account}/orders/${order.id}`)
      setPlaced(order.number)
      setDraft(again(current))
      setActive(0)
    },
    onError: (e) => {
      if (!(e instanceof ProblemError)) return
      const wrong = Object.keys(e.fields).map((f) => steps.indexOf(stepOf(f))).filter((i) => i >= 0)
      if (wrong.length > 0) setActive(Math.min(...wrong))
    },
  })
  const errors = place.error instanceof ProblemError ? place.error.fields : {}
  const props: StepProps = {
    draft: current,
    product,
    products,
    errors,
    set: (change) => {
      const next = { ...current, ...change }
      const p = products.find((x) => x.code === next.product)
      if ('product' in change || 'portfolio' in change) {
        // What can't be ordered with another product goes.
        const ok = (code: string) => fits(products.find((x) => x.code === code) ?? ({} as Product), p)
        if (p?.portfolio !== next.portfolio) next.product = ''
        next.addOns = next.addOns.filter(ok)
        if (!ok(next.data)) next.data = ''
        if (!ok(next.sms)) next.sms = ''
      }
      setDraft(next)
    },
  }
  const last = step === 'confirm'
  return (
    <Stack maw={880}>
      <Breadcrumbs fz="sm">
        <Anchor inherit component={Link} to={`/accounts/${account}/orders`}>
          {t('title')}
        </Anchor>
        <span>{t('new')}</span>
      </Breadcrumbs>
      <Title order={2} size="h3">
        {t('new')}
      </Title>
      <ProblemAlert error={list.error} />
      {placed && (
        <Alert color="teal" role="status" withCloseButton onClose={() => setPlaced('')}>
          {t('placed', { number: placed })}
        </Alert>
      )}
      <Stepper active={active} onStepClick={(i) => i <= active && setActive(i)} size="sm" allowNextStepsSelect={false}>
        {steps.map((s) => (
          <Stepper.Step key={s} label={s === 'extension' && product?.type === 'user' ? t('step.user') : t(`step.${s}`)} />
        ))}
      </Stepper>
      <Paper withBorder p="lg">
        <Submit
          ref={form}
          on={() => {
            if (last) place.mutate({ more: false })
            else if (product) setActive(active + 1)
          }}
        >
          <Stack>
            {step === 'product' && <ProductStep {...props} />}
            {step === 'subscription' && <SubscriptionStep {...props} />}
            {step === 'addons' && <AddOnStep {...props} />}
            {step === 'extension' && <ExtensionStep {...props} />}
            {step === 'sim' && <SimStep {...props} />}
            {last && <ConfirmStep {...props} />}
            <ProblemAlert error={place.error} shown={Object.keys(errors).filter((f) => stepOf(f) === step)} />
            <Group justify="space-between" mt="sm">
              <Button variant="default" disabled={active === 0} onClick={() => setActive(active - 1)}>
                {t('back')}
              </Button>
              <Group>
                {last && (
                  <Button variant="default" loading={place.isPending} onClick={() => place.mutate({ more: true })}>
                    {t('again')}
                  </Button>
                )}
                <Button type="submit" disabled={!product} loading={place.isPending}>
                  {last ? t('place') : t('forward')}
                </Button>
              </Group>
            </Group>
          </Stack>
        </Submit>
      </Paper>
    </Stack>
  )
}
