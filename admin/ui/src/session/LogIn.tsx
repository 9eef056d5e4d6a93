import { Alert, Button, Divider, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type ChangeEvent } from 'react'
import { api, data, ProblemError } from '../api/client'
import { useMessages } from '../messages'
import { sessionKey } from './session'

/** LogIn asks for the password, and for a code when there is a second factor. */
export function LogIn({ again }: { again?: boolean }) {
  const { t } = useMessages()
  const client = useQueryClient()
  const [code, setCode] = useState(false)
  const [typed, setTyped] = useState({ email: '', password: '', code: '' })
  const field = (name: keyof typeof typed) => ({ name, value: typed[name], onChange: (e: ChangeEvent<HTMLInputElement>) => setTyped({ ...typed, [name]: e.currentTarget.value }) })
  const issuers = useQuery({ queryKey: ['issuers'], queryFn: () => data(api.GET('/api/v1/session/sign-on')) }).data?.items ?? []
  const sso = new URLSearchParams(location.search).get('sign-on')
  const logIn = useMutation({
    mutationFn: (body: { email: string; password: string; code?: string }) => data(api.POST('/api/v1/session', { body })),
    onSuccess: (me) => {
      client.setQueryData(sessionKey, me)
      void client.invalidateQueries()
    },
    onError: (e) => {
      if (e instanceof ProblemError && e.problem.type === 'totp-required') setCode(true)
    },
  })
  const asked = logIn.error instanceof ProblemError && logIn.error.problem.type === 'totp-required'
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        logIn.mutate({ email: typed.email, password: typed.password, ...(code ? { code: typed.code } : {}) })
      }}
    >
      <Stack>
        <Title order={1} size="h2">
          {t('login.title')}
        </Title>
        {again && <Alert>{t('login.again')}</Alert>}
        {sso && <Alert color="orange">{t(sso === 'unknown' ? 'login.sso.unknown' : 'login.sso.failed')}</Alert>}
        {logIn.error && !asked && (
          <Alert color="red" role="alert">
            {logIn.error.message === 'offline' ? t('app.offline') : logIn.error.message}
          </Alert>
        )}
        <TextInput label={t('login.email')} type="email" autoComplete="username" required data-autofocus {...field('email')} />
        <PasswordInput label={t('login.password')} autoComplete="current-password" required {...field('password')} />
        {code && (
          <TextInput
            label={t('login.code')}
            description={t('login.code.help')}
            autoComplete="one-time-code"
            inputMode="numeric"
            required
            autoFocus
            {...field('code')}
          />
        )}
        <Button type="submit" loading={logIn.isPending}>
          {t('login.submit')}
        </Button>
        {issuers.length > 0 && <Divider />}
        {issuers.map((i) => (
          <Button key={i.name} variant="default" component="a" href={`/api/v1/session/sign-on/${i.name}`}>
            {i.title}
          </Button>
        ))}
      </Stack>
    </form>
  )
}
