import { Alert, Button, PasswordInput, Stack, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, data, ProblemError } from '../api/client'
import { useMessages } from '../messages'
import { sessionKey } from './session'

/** NewPassword changes one's password; with a password that somebody else chose it comes before anything else. */
export function NewPassword() {
  const { t } = useMessages()
  const client = useQueryClient()
  const form = useForm({ initialValues: { current: '', new: '' } })
  const change = useMutation({
    mutationFn: (body: { current: string; new: string }) => data(api.PUT('/api/v1/session/password', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionKey }),
    onError: (e) => {
      if (e instanceof ProblemError) form.setErrors(e.fields)
    },
  })
  return (
    <form onSubmit={form.onSubmit((v) => change.mutate(v))}>
      <Stack>
        <Title order={1} size="h2">
          {t('password.title')}
        </Title>
        {change.error && Object.keys((change.error as ProblemError).fields ?? {}).length === 0 && (
          <Alert color="red" role="alert">
            {change.error.message}
          </Alert>
        )}
        <PasswordInput label={t('password.current')} autoComplete="current-password" required {...form.getInputProps('current')} />
        <PasswordInput label={t('password.new')} description={t('password.help')} autoComplete="new-password" required {...form.getInputProps('new')} />
        <Button type="submit" loading={change.isPending}>
          {t('app.save')}
        </Button>
      </Stack>
    </form>
  )
}
