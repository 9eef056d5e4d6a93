import { Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'react-router'
import { api, data } from '../../api/client'
import { pathOf } from '../../api/paths'
import { ConfirmButton } from '../../layout/ConfirmButton'
import { Player } from '../../layout/Player'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { useAssistantTexts } from './texts'

/** Result is what the assistant has made of one conversation or memo: its summary, and all that was said. inCall is where the call is shown around it. */
export function Result({ id, inCall = false, mayDelete = false, onDeleted }: { id: string; inCall?: boolean; mayDelete?: boolean; onDeleted?: () => void }) {
  const t = useAssistantTexts()
  const { t: app, language } = useMessages()
  const { account, base, zone } = usePlace()
  const client = useQueryClient()
  const role = useSession()?.role
  const path = { account, result: id }
  const q = useQuery({ queryKey: ['assistant', account, 'result', id], queryFn: () => data(api.GET('/api/v1/accounts/{account}/assistant/results/{result}', { params: { path } })) })
  const remove = useMutation({
    mutationFn: () => data(api.DELETE('/api/v1/accounts/{account}/assistant/results/{result}', { params: { path } })),
    onSuccess: () => {
      onDeleted?.()
      void client.invalidateQueries({ queryKey: ['assistant', account, 'results'] })
      void client.invalidateQueries({ queryKey: ['recordings', account] })
    },
  })
  if (!q.data) return <ProblemAlert error={q.error} />
  const r = q.data
  const speaker = (who: string | undefined) => (who === 'user' ? t('speaker.user', { user: r.user }) : t(who === 'other' ? 'speaker.other' : 'speaker'))
  return (
    <Stack>
      <Group gap="xs">
        <Text fw={600}>{r.kind === 'memo' ? r.user : `${r.user} – ${r.name || r.number || t('unknown')}`}</Text>
        <Text size="sm">{moment(r.started, zone, language)}</Text>
        <Badge variant="light" tt="none">
          {t(`kind.${r.kind}`)} {span(r.duration)}
        </Badge>
      </Group>
      {r.state !== 'done' && (
        <div>
          <Badge variant="light" tt="none" color={r.state === 'failed' ? 'orange' : 'gray'}>
            {t(`state.${r.state}`)}
          </Badge>
          {r.error && <Text size="sm">{t('why', { why: r.error })}</Text>}
        </div>
      )}
      {r.state === 'done' && (
        <div>
          <Title order={3} size="h4" mb={4}>
            {t('summary')}
          </Title>
          <Text style={{ whiteSpace: 'pre-line' }}>{r.summary || t('nothing')}</Text>
        </div>
      )}
      {(r.transcript ?? []).length > 0 && (
        <div>
          <Title order={3} size="h4" mb={4}>
            {t('transcript')}
          </Title>
          <Stack gap="xs">
            {(r.transcript ?? []).map((s, i) => (
              <div key={i}>
                <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
                  {span(s.at)} {speaker(s.speaker)}
                </Text>
                <Text size="sm">{s.text}</Text>
              </div>
            ))}
          </Stack>
        </div>
      )}
      <Group justify="space-between">
        {role !== 'user' && <Player inParts url={pathOf('/api/v1/accounts/{account}/recordings/{recording}/audio', { account, recording: r.id })} name={t('recording', { at: moment(r.started, zone, language) })} />}
        <Group gap="xs">
          {base && !inCall && (
            <Anchor size="sm" component={Link} to={`${base}/calls?call=${r.call}`}>
              {t('call')}
            </Anchor>
          )}
          {mayDelete && <ConfirmButton label={app('app.delete')} question={t('sure')} loading={remove.isPending} onYes={() => remove.mutate()} />}
        </Group>
      </Group>
      <ProblemAlert error={remove.error} />
    </Stack>
  )
}
