import { Button, Drawer, Group, Stack, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, ProblemError } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useAccountId } from '../useAccount'
import { useSimTexts } from './texts'
import { Submit } from '../../forms/Submit'

/** AddSims hands cards out: their numbers, typed or pasted, one a line. */
export function AddSims() {
  const t = useSimTexts()
  const { t: app } = useMessages()
  const account = useAccountId()
  const client = useQueryClient()
  const [open, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const iccids = typed.split(/[\n,;]+/).map((l) => l.replace(/\s/g, '')).filter(Boolean)
  const add = useMutation({
    mutationFn: () => data(api.POST('/api/v1/accounts/{account}/sims', { params: { path: { account } }, body: { iccids } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['sims', account] })
      setTyped('')
      setOpen(false)
    },
  })
  const errors = add.error instanceof ProblemError ? add.error.fields : {}
  const told = Object.entries(errors).map(([at, why]) => {
    const n = /^iccids\[(\d+)\]$/.exec(at)?.[1]
    return n ? t('line', { n: Number(n) + 1, why }) : why
  })
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('add')}</Button>
      <Drawer opened={open} onClose={() => setOpen(false)} position="right" size="lg" title={t('add')}>
        <Submit on={() => add.mutate()}>
          <Stack>
            <Textarea
              label={t('numbers')}
              description={t('numbers.help')}
              required
              autosize
              minRows={6}
              maxRows={20}
              inputMode="numeric"
              data-autofocus
              value={typed}
              error={told.length > 0 ? told.map((x) => <div key={x}>{x}</div>) : undefined}
              onChange={(e) => setTyped(e.currentTarget.value)}
            />
            {told.length === 0 && <ProblemAlert error={add.error} />}
            <Group justify="flex-end">
              <Button type="submit" loading={add.isPending}>
                {app('app.save')}
              </Button>
            </Group>
          </Stack>
        </Submit>
      </Drawer>
    </>
  )
}
