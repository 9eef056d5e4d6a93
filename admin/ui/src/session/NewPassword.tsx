import { Stack, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useMessages } from '../messages'
import { PasswordForm } from './PasswordForm'
import { sessionKey } from './session'

/** NewPassword is what comes before anything else with a password that somebody else chose. */
export function NewPassword() {
  const { t } = useMessages()
  const client = useQueryClient()
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('password.title')}
      </Title>
      <PasswordForm onDone={() => void client.invalidateQueries({ queryKey: sessionKey })} />
    </Stack>
  )
}
