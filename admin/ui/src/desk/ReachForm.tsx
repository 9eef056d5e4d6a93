import { Button, Group, NumberInput, Paper, Stack, Switch, TagsInput, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, ProblemError, type Schemas } from '../api/client'
import { ProblemAlert } from '../layout/Problem'
import { useMessages, useTexts } from '../messages'
import { deskTexts } from './texts'
import { useDesk } from './useDesk'
import { Submit } from '../forms/Submit'

const cases = ['always', 'busy', 'no_answer', 'unreachable', 'rejected'] as const

/** ReachForm says where the user's calls go. */
export function ReachForm({ desk, etag }: { desk: Schemas['Desk']; etag: string }) {
  const t = useTexts(deskTexts)
  const { t: app } = useMessages()
  const { account, user, refetch } = useDesk()
  const client = useQueryClient()
  const [reach, setReach] = useState(desk.reach)
  const save = useMutation({
    mutationFn: () => data(api.PUT('/api/v1/accounts/{account}/users/{user}/reach', { params: { path: { account, user }, header: { 'If-Match': etag } }, body: reach })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['desk', account] }),
  })
  const errors = save.error instanceof ProblemError ? save.error.fields : {}
  const at = (name: string) => Object.entries(errors).find(([k]) => k.startsWith(`forwards.${name}`))?.[1]
  return (
    <Paper withBorder p="lg">
      <Submit on={() => save.mutate()}>
        <Stack>
          <Title order={2} size="h4">
            {t('reach')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('reach.help')}
          </Text>
          {cases.map((name) => (
            <TagsInput
              key={name}
              label={t(name)}
              value={reach.forwards[name] ?? []}
              maxTags={10}
              acceptValueOnBlur
              splitChars={[',', ';', ' ']}
              error={at(name)}
              onChange={(v) => setReach({ ...reach, forwards: { ...reach.forwards, [name]: v } })}
            />
          ))}
          <NumberInput
            label={t('ring_timeout')}
            min={0}
            max={3600}
            value={reach.ring_timeout || ''}
            error={errors.ring_timeout}
            onChange={(v) => setReach({ ...reach, ring_timeout: Number(v) || 0 })}
          />
          <Switch label={t('second')} checked={reach.offer_second_call} onChange={(e) => setReach({ ...reach, offer_second_call: e.currentTarget.checked })} />
          {Object.keys(errors).length === 0 && <ProblemAlert error={save.error} />}
          <Group justify="flex-end">
            {save.error instanceof ProblemError && save.error.status === 412 && (
              <Button variant="default" onClick={() => void refetch()}>
                {app('app.reload')}
              </Button>
            )}
            <Button type="submit" loading={save.isPending}>
              {app('app.save')}
            </Button>
          </Group>
        </Stack>
      </Submit>
    </Paper>
  )
}
