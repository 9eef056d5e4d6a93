import { Alert, Button, PasswordInput, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type ChangeEvent } from 'react'
import { api, data, ProblemError } from '../api/client'
import { useMessages } from '../messages'

/** PasswordForm changes one's password. */
export function PasswordForm({ onDone }: { onDone: () => void }) {
  const { t } = useMessages()
  const [typed, setTyped] = useState({ current: '', new: '' })
  const change = useMutation({
    mutationFn: (body: { current: string; new: string }) => data(api.PUT('/api/v1/session/password', { body })),
    onSuccess: onDone,
  })
  const errors = change.error instanceof ProblemError ? change.error.fields : {}
  const field = (name: keyof typeof typed) => ({
    name,
    value: typed[name],
    error: errors[name],
    onChange: (e: ChangeEvent<HTMLInputElement>) => setTyped({ ...typed, [name]: e.currentTarget.value }),
  })
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        change.mutate(typed)
      }}
    >
      <Stack>
        {change.error && Object.keys(errors).length === 0 && (
          <Alert color="red" role="alert">
            {change.error.message === 'offline' ? t('app.offline') : change.error.message}
          </Alert>
        )}
        <PasswordInput label={t('password.current')} autoComplete="current-password" required {...field('current')} />
        <PasswordInput label={t('password.new')} description={t('password.help')} autoComplete="new-password" required {...field('new')} />
        <Button type="submit" loading={change.isPending}>
          {t('app.save')}
        </Button>
      </Stack>
    </form>
  )
}
