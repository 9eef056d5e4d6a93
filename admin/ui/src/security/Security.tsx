import { Alert, Paper, Stack, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useMessages, useTexts } from '../messages'
import { PasswordForm } from '../session/PasswordForm'
import { useSession } from '../session/session'
import { SecondFactor } from './SecondFactor'
import { Sessions } from './Sessions'
import { texts } from './texts'

/** Security is how one logs in: password, second factor, and where one is logged in. */
export function Security() {
  const messages = useMessages()
  const t = useTexts(texts)
  const me = useSession()
  const client = useQueryClient()
  const [changed, setChanged] = useState(0)
  return (
    <Stack maw={900}>
      <div>
        <Title order={1} size="h2">
          {messages.t('security.title')}
        </Title>
        <Text c="dimmed">
          {me?.name} · {me?.email}
        </Text>
      </div>
      <Part title={t('password')}>
        {changed > 0 && <Alert color="green">{t('passwordChanged')}</Alert>}
        <Stack maw={400}>
          <PasswordForm
            key={changed}
            onDone={() => {
              setChanged(changed + 1)
              void client.invalidateQueries({ queryKey: ['sessions'] })
            }}
          />
        </Stack>
      </Part>
      <Part title={t('factor')} help={t('factorHelp')}>
        <SecondFactor />
      </Part>
      <Part title={t('sessions')} help={t('sessionsHelp')}>
        <Sessions />
      </Part>
    </Stack>
  )
}

function Part({ title, help, children }: { title: string; help?: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section">
      <Stack>
        <Title order={2} size="h4">
          {title}
        </Title>
        {help && <Text size="sm">{help}</Text>}
        {children}
      </Stack>
    </Paper>
  )
}
