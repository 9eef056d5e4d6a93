import { Alert, Button, Paper, PasswordInput, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, ProblemError } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages, useTexts } from '../messages'
import { deskTexts } from './texts'
import { useDesk } from './useDesk'
import { Submit } from '../forms/Submit'

/** Pins changes the PINs of a user. */
export function Pins() {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <PinForm of="phone" />
      <PinForm of="voicemail" />
    </SimpleGrid>
  )
}

function PinForm({ of }: { of: 'phone' | 'voicemail' }) {
  const t = useTexts(deskTexts)
  const { t: app } = useMessages()
  const { account, user } = useDesk()
  const client = useQueryClient()
  const [pin, setPin] = useState('')
  const save = useMutation({
    mutationFn: () => data(api.PUT('/api/v1/accounts/{account}/users/{user}/pin', { params: { path: { account, user } }, body: { of, pin } })),
    onSuccess: () => {
      setPin('')
      void client.invalidateQueries({ queryKey: ['desk', account] })
      void client.invalidateQueries({ queryKey: ['voicemail', account] })
    },
  })
  const errors = save.error instanceof ProblemError ? save.error.fields : {}
  return (
    <Paper withBorder p="lg">
      <Submit on={() => save.mutate()}>
        <Stack>
          <Title order={2} size="h4">
            {t(`pin.${of}`)}
          </Title>
          <Text size="sm" c="dimmed">
            {t(`pin.${of}.help`)}
          </Text>
          <PasswordInput label={t('pin.new')} inputMode="numeric" autoComplete="off" value={pin} error={errors.pin} onChange={(e) => setPin(e.currentTarget.value)} />
          {!errors.pin && <ProblemAlert error={save.error} />}
          {save.isSuccess && (
            <Alert color="teal" role="status">
              {t('pin.done')}
            </Alert>
          )}
          <Button type="submit" loading={save.isPending} disabled={pin === ''} style={{ alignSelf: 'flex-end' }}>
            {app('app.save')}
          </Button>
        </Stack>
      </Submit>
    </Paper>
  )
}
