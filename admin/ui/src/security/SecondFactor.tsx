import { Badge, Button, Code, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { api, data, ProblemError, type Schemas } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useTexts } from '../messages'
import { sessionKey, useSession } from '../session/session'
import { QR } from './QR'
import { texts } from './texts'

/** SecondFactor turns one's second factor on and off. */
export function SecondFactor() {
  const t = useTexts(texts)
  const me = useSession()
  const [open, setOpen] = useState(false)
  if (!me) return null
  return (
    <>
      <Group>
        <Badge variant="light" color={me.totp ? 'green' : 'gray'}>
          {me.totp ? t('factorOn') : t('factorOff')}
        </Badge>
        <Button variant="default" onClick={() => setOpen(true)}>
          {me.totp ? t('factorRemove') : t('factorBegin')}
        </Button>
      </Group>
      {/* Closed by hand only: codes that were not kept are lost. */}
      <Modal opened={open} onClose={() => setOpen(false)} title={t('factor')} closeOnClickOutside={false}>
        <Steps done={() => setOpen(false)} />
      </Modal>
    </>
  )
}

/** Steps are the password, then the key and its first code, then the recovery codes. */
function Steps({ done }: { done: () => void }) {
  const t = useTexts(texts)
  const client = useQueryClient()
  const [remove] = useState(useSession()?.totp)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [key, setKey] = useState<Schemas['TOTPSetup'] | null>(null)
  const changed = () => client.invalidateQueries({ queryKey: sessionKey })
  const off = useMutation({ mutationFn: () => data(api.POST('/api/v1/session/totp/removal', { body: { password } })), onSuccess: () => changed().then(done) })
  const begin = useMutation({ mutationFn: () => data(api.POST('/api/v1/session/totp', { body: { password } })), onSuccess: setKey })
  const confirm = useMutation({ mutationFn: () => data(api.PUT('/api/v1/session/totp', { body: { password, code: code.trim() } })), onSuccess: changed })
  const ask = remove ? off : key ? confirm : begin
  const errors = ask.error instanceof ProblemError ? ask.error.fields : {}
  const submit = (e: FormEvent) => {
    e.preventDefault()
    ask.mutate()
  }
  if (confirm.data) {
    return (
      <Stack>
        <Text>{t('recovery')}</Text>
        <Code block>{(confirm.data.recovery ?? []).join('\n')}</Code>
        <Button onClick={done}>{t('done')}</Button>
      </Stack>
    )
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {!key && (
          <PasswordInput label={t('proof')} autoComplete="current-password" data-autofocus value={password} onChange={(e) => setPassword(e.currentTarget.value)} error={errors.password} />
        )}
        {key && (
          <>
            <Text>{t('scan')}</Text>
            <Group justify="center">
              <QR text={key.uri} label={t('qr')} />
            </Group>
            <TextInput label={t('key')} readOnly value={key.secret} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} />
            <TextInput label={t('code')} inputMode="numeric" autoComplete="one-time-code" autoFocus required value={code} onChange={(e) => setCode(e.currentTarget.value)} error={errors.code} />
          </>
        )}
        <ProblemAlert error={Object.keys(errors).length > 0 ? null : ask.error} />
        <Button type="submit" loading={ask.isPending}>
          {remove ? t('factorRemove') : key ? t('confirm') : t('factorBegin')}
        </Button>
      </Stack>
    </form>
  )
}
