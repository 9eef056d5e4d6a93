import { Anchor, Badge, Button, Group, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { pathOf } from '../../api/paths'
import { ConfirmButton } from '../../layout/ConfirmButton'
import { Player } from '../../layout/Player'
import { ProblemAlert } from '../../layout/Problem'
import { Resource } from '../../layout/Resource'
import { useMessages, useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { voicemailTexts } from './texts'

const audio = '/api/v1/accounts/{account}/voicemail/{box}/messages/{message}/audio'

/** Messages are those of a voicemail box, to be heard, kept as a file and deleted. */
export function Messages({ box }: { box: Schemas['Mailbox'] }) {
  const { t: app, language } = useMessages()
  const t = useTexts(voicemailTexts)
  const { account, zone } = usePlace()
  const client = useQueryClient()
  const mayChange = useSession()?.role !== 'readonly'
  const path = (m: Schemas['Message']) => ({ account, box: box.box, message: m.id })
  const changed = () => client.invalidateQueries({ queryKey: ['voicemail', account] })
  const mark = useMutation({
    mutationFn: ({ m, heard }: { m: Schemas['Message']; heard: boolean }) =>
      data(api.PUT('/api/v1/accounts/{account}/voicemail/{box}/messages/{message}', { params: { path: path(m) }, body: { heard } })),
    onSuccess: changed,
  })
  const remove = useMutation({
    mutationFn: (m: Schemas['Message']) => data(api.DELETE('/api/v1/accounts/{account}/voicemail/{box}/messages/{message}', { params: { path: path(m) } })),
    onSuccess: changed,
  })
  return (
    <div>
      <ProblemAlert error={mark.error ?? remove.error} />
      <Resource<Schemas['Message']>
        title={t('messages', { box: `${box.box} ${box.name}`.trim() })}
        empty={t('none')}
        queryKey={['voicemail', account, 'messages', box.box]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/voicemail/{box}/messages', { params: { path: { account, box: box.box }, query: { cursor } } }))}
        id={(m) => m.id}
        columns={[
          {
            title: t('when'),
            cell: (m) => (
              <Group gap="xs" wrap="nowrap">
                <Text size="sm" fw={m.heard ? undefined : 700}>
                  {moment(m.at, zone, language)}
                </Text>
                {!m.heard && <Badge size="sm">{t('isnew')}</Badge>}
              </Group>
            ),
          },
          {
            title: t('from'),
            cell: (m) => (
              <>
                <Text size="sm">{m.caller_name || m.caller_number || t('unknown')}</Text>
                {m.caller_name && (
                  <Text size="xs" c="dimmed">
                    {m.caller_number}
                  </Text>
                )}
              </>
            ),
          },
          { title: t('length'), cell: (m) => span(m.duration) },
          {
            title: '',
            cell: (m) => (
              <Group gap="xs" justify="flex-end">
                <Player url={pathOf(audio, path(m))} name={t('message', { at: moment(m.at, zone, language) })} onPlay={() => mayChange && !m.heard && mark.mutate({ m, heard: true })} />
                <Anchor size="sm" href={pathOf(audio, path(m))} download>
                  {app('app.download')}
                </Anchor>
                {mayChange && (
                  <>
                    <Button size="compact-sm" variant="subtle" onClick={() => mark.mutate({ m, heard: !m.heard })}>
                      {t(m.heard ? 'mark.new' : 'mark.heard')}
                    </Button>
                    <ConfirmButton label={app('app.delete')} question={t('sure')} onYes={() => remove.mutate(m)} loading={remove.isPending && remove.variables === m} />
                  </>
                )}
              </Group>
            ),
          },
        ]}
      />
    </div>
  )
}
