import { Button, Group, Modal, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ProblemError } from '../../api/client'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useAccountId } from '../useAccount'
import { orderKey, type Order } from './useOrders'
import { Submit } from '../../forms/Submit'

export type FormOf = { order: Order; etag: string; onClose: () => void }

type Props = FormOf & {
  title: string
  submit: string
  danger?: boolean
  disabled?: boolean
  send: () => Promise<unknown>
  children: (errors: Record<string, string>) => ReactNode
}

/** OrderForm is the dialogue of an action on an order. */
export function OrderForm({ order, onClose, title, submit, danger, disabled, send, children }: Props) {
  const { t } = useMessages()
  const account = useAccountId()
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: send,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: orderKey(account, order.id) })
      await client.invalidateQueries({ queryKey: ['orders', account, 'list'] })
      onClose()
    },
  })
  const errors = save.error instanceof ProblemError ? save.error.fields : {}
  const stale = save.error instanceof ProblemError && save.error.status === 412
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <Submit on={() => save.mutate()}>
        <Stack>
          {children(errors)}
          <ProblemAlert error={save.error} shown={Object.keys(errors)} />
          <Group justify="flex-end">
            {stale && (
              <Button variant="default" onClick={() => void client.invalidateQueries({ queryKey: orderKey(account, order.id) })}>
                {t('app.reload')}
              </Button>
            )}
            <Button variant="default" onClick={onClose}>
              {t('app.cancel')}
            </Button>
            <Button type="submit" color={danger ? 'red' : undefined} disabled={disabled} loading={save.isPending}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </Submit>
    </Modal>
  )
}
