import { Anchor, Badge, Group, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, data, type Schemas } from '../../api/client'
import { label } from '../../forms/labels'
import { Resource } from '../../layout/Resource'
import { Connection } from '../../live/Connection'
import { Lamp } from '../../live/Lamp'
import type { Picture } from '../../live/picture'
import { useLive } from '../../live/useLive'
import { UserLamp } from '../../live/UserLamp'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { userTexts } from './texts'

type User = Schemas['UserStatus']

/** Users are the people of the account: what they do now, on which phones and in which queues. */
export function Users() {
  const { t: app, language } = useMessages()
  const t = useTexts(userTexts)
  const { account, base } = usePlace()
  const live = useLive(account)
  const [typed, setTyped] = useState('')
  const [text] = useDebouncedValue(typed, 250)
  return (
    <Resource<User>
      title={app('tab.users')}
      empty={t(text ? 'none' : 'empty')}
      queryKey={['users', account, text]}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/users', { params: { path: { account }, query: { cursor, text } } }))}
      id={(u) => u.number}
      toolbar={
        <>
          <Connection state={live.state} />
          <TextInput aria-label={t('search')} placeholder={t('search')} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
        </>
      }
      columns={[
        { title: label('number', language), cell: (u) => u.number },
        {
          title: label('name', language),
          cell: (u) => (
            <Anchor inherit component={Link} to={`${base}/extensions/${u.number}`}>
              {u.name || u.number}
            </Anchor>
          ),
        },
        { title: t('status'), cell: (u) => <Status user={u} picture={live.picture} /> },
        { title: t('devices'), cell: (u) => <Phones user={u} picture={live.picture} /> },
        { title: t('queues'), cell: (u) => <QueueBadges queues={u.queues ?? []} base={base} /> },
      ]}
    />
  )
}

function isRegistered(picture: Picture | null, d: Schemas['UserDevice']): boolean {
  return picture ? picture.phones.some((p) => p.channel === d.channel) : d.registered
}

function Status({ user, picture }: { user: User; picture: Picture | null }) {
  const t = useTexts(userTexts)
  return (
    <Stack gap={2}>
      <UserLamp picture={picture} user={user.number} registered={(user.devices ?? []).some((d) => isRegistered(picture, d))} />
      {(user.forward ?? []).length > 0 && (
        <Text size="xs" c="dimmed">
          {t('forward', { where: (user.forward ?? []).join(', ') })}
        </Text>
      )}
    </Stack>
  )
}

function Phones({ user, picture }: { user: User; picture: Picture | null }) {
  const t = useTexts(userTexts)
  const devices = user.devices ?? []
  if (devices.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('no.phone')}
      </Text>
    )
  }
  return (
    <Stack gap={2}>
      {devices.map((d) => {
        const on = isRegistered(picture, d)
        return (
          <span key={d.channel} title={t(on ? 'phone.on' : 'phone.off', { phone: d.channel })}>
            <Lamp color={on ? 'green' : 'gray'}>{`${d.description || d.channel}${d.linked ? ` (${t('linked')})` : ''}`}</Lamp>
          </span>
        )
      })}
    </Stack>
  )
}

/** QueueBadges are the queues of a user, those where they are logged in filled. */
export function QueueBadges({ queues, base }: { queues: Schemas['UserQueue'][]; base: string }) {
  const t = useTexts(userTexts)
  return (
    <Group gap={4}>
      {queues.map((q) => {
        const what = t(!q.active ? 'queue.out' : q.paused ? 'queue.paused' : 'queue.in', { queue: q.queue, name: q.name })
        return (
          <Badge
            key={q.queue}
            component={Link}
            to={`${base}/queues/${q.queue}/members`}
            variant={q.active ? 'light' : 'outline'}
            color={!q.active ? 'gray' : q.paused ? 'orange' : 'teal'}
            title={what}
            aria-label={what}
            style={{ cursor: 'pointer' }}
          >
            {q.queue}
          </Badge>
        )
      })}
    </Group>
  )
}
