import { Anchor, Autocomplete, Badge, Button, Paper, SimpleGrid, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, data, ProblemError, type Schemas } from '../../api/client'
import { ChoiceField } from '../../forms/fields/basic'
import { DestinationField } from '../../forms/fields/Destination'
import { Fields } from '../../forms/fields/Form'
import { Rows } from '../../forms/fields/Rows'
import { label } from '../../forms/labels'
import type { Value } from '../../forms/SchemaForm'
import { Submit } from '../../forms/Submit'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { usePlanTexts } from '../../messages/plans'
import { useAccount, useAccountId } from '../useAccount'
import { moment } from '../time'
import { instantOf, wallOf } from '../zone'
import { useCompanyNumbers } from './fields'
import style from './Simulation.module.css'

const reactions = ['answer', 'no_answer', 'busy', 'reject', 'unreachable'] as const

/** Simulation tells which path a call would take, with the reason of each step. */
export function Simulation() {
  const t = usePlanTexts()
  const account = useAccountId()
  const zone = useAccount().data?.value.time_zone
  const numbers = useCompanyNumbers() ?? []
  const [at, setAt] = useState<string | null>(null)
  const [value, setValue] = useState<Value>({})
  const shown = at ?? wallOf(Date.now(), zone)
  const number = (value.number as string | undefined) ?? numbers[0] ?? ''
  const run = useMutation({
    mutationFn: () =>
      data(
        api.POST('/api/v1/accounts/{account}/simulations', {
          params: { path: { account } },
          body: { ...value, number, at: instantOf(shown, zone).toISOString() } as Schemas['SimulationInput'],
        }),
      ),
  })
  const errors = run.error instanceof ProblemError ? run.error.fields : {}
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <Paper withBorder p="md">
        <Submit on={() => run.mutate()}>
          <Fields value={value} setValue={setValue} errors={errors}>
            <Stack gap="sm">
              <Text size="sm" c="dimmed">
                {t('if.help')}
              </Text>
              <Autocomplete label={t('if.number')} required data={numbers} value={number} error={errors.number} onChange={(v) => setValue({ ...value, number: v })} />
              <TextInput
                label={t('if.caller')}
                description={t('if.caller.help')}
                value={(value.caller as string | undefined) ?? ''}
                error={errors.caller}
                onChange={(e) => setValue({ ...value, caller: e.currentTarget.value || undefined })}
                inputMode="tel"
                autoComplete="off"
              />
              <TextInput label={t('if.at')} type="datetime-local" value={shown} error={errors.at} onChange={(e) => setAt(e.currentTarget.value)} />
              <TagsInput
                label={t('if.digits')}
                description={t('if.digits.help')}
                value={(value.digits as string[] | undefined) ?? []}
                error={Object.entries(errors).find(([k]) => k.startsWith('digits'))?.[1]}
                onChange={(v) => setValue({ ...value, digits: v.length ? v : undefined })}
                allowDuplicates
                acceptValueOnBlur
              />
              <Text size="sm" fw={500}>
                {t('if.reactions')}
              </Text>
              <Rows
                path="reactions"
                titles={[t('if.who'), t('if.does')]}
                add={t('if.reaction.add')}
                empty={t('if.reaction.empty')}
                fresh={{ does: 'answer' }}
                row={(p, i) => [
                  <DestinationField key="w" path={`${p}.who`} cell={`${t('if.who')} ${i + 1}`} />,
                  <ChoiceField key="d" path={`${p}.does`} cell={`${t('if.does')} ${i + 1}`} required choices={reactions.map((r) => ({ value: r, label: t(`does.${r}`) }))} />,
                ]}
              />
              <Button type="submit" loading={run.isPending}>
                {t('if.go')}
              </Button>
            </Stack>
          </Fields>
        </Submit>
      </Paper>
      <div aria-live="polite">
        <ProblemAlert error={run.error} shown={Object.keys(errors)} />
        {run.data && <Path path={run.data} zone={zone} />}
      </div>
    </SimpleGrid>
  )
}

const outcomeColour = { talks: 'green', reaches: 'green', asks: 'orange', ends: 'gray' } as const

/** Path draws the steps of a call from above to below, each with its reason. */
function Path({ path, zone }: { path: Schemas['Simulation']; zone: string | undefined }) {
  const t = usePlanTexts()
  const { language } = useMessages()
  const account = useAccountId()
  return (
    <Stack gap={0} component="section" aria-label={t('path')}>
      <ol className={style.path}>
        {path.steps?.map((s, i) => {
          const extension = /\b(?:extension|menu|queue|group|user) (\d{2,5})\b/.exec(s.reason)?.[1]
          return (
            <li key={i} className={style.step}>
              <Badge variant="light" size="sm">
                {label(s.step, language)}
              </Badge>
              <Text size="sm">{s.reason}</Text>
              <Text size="xs" c="dimmed">
                {moment(s.at, zone, language)}
                {extension && (
                  <>
                    {' · '}
                    <Anchor component={Link} to={`/accounts/${account}/extensions/${extension}`} inherit>
                      {extension}
                    </Anchor>
                  </>
                )}
              </Text>
            </li>
          )
        })}
        <li className={style.end} style={{ borderColor: `var(--mantine-color-${outcomeColour[path.outcome]}-outline)`, background: `var(--mantine-color-${outcomeColour[path.outcome]}-light)` }}>
          <Text fw={600}>{t(`outcome.${path.outcome}`, { with: path.with ?? '', cause: label(path.cause ?? '', language) })}</Text>
          {(path.heard ?? []).length > 0 && (
            <Text size="sm" c="dimmed">
              {t('heard', { what: path.heard!.join(', ') })}
            </Text>
          )}
        </li>
      </ol>
    </Stack>
  )
}
