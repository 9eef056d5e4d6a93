import { Badge, Group, NavLink, Paper, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { api, data, type Schemas } from '../../api/client'
import { Empty } from '../../layout/Empty'
import { ProblemAlert } from '../../layout/Problem'
import { useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import style from './Mailboxes.module.css'
import { Messages } from './Messages'
import { voicemailTexts } from './texts'

/** useMailboxes are the boxes that somebody may hear, with how many messages they have. */
export function useMailboxes() {
  const { account } = usePlace()
  return useQuery({
    queryKey: ['voicemail', account, 'boxes'],
    refetchInterval: 20_000,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/voicemail', { params: { path: { account }, query: { limit: 500 } } })),
  })
}

/** Mailboxes are the voicemail boxes, and the messages of the one that is chosen. */
export function Mailboxes() {
  const t = useTexts(voicemailTexts)
  const own = useSession()?.role === 'user'
  const boxes = useMailboxes()
  const [query, setQuery] = useSearchParams()
  const list = boxes.data?.items ?? []
  const open = list.find((b) => b.box === query.get('box')) ?? list.find((b) => b.unheard > 0) ?? list[0]
  return (
    <Stack>
      <Title order={2} size="h3">
        {t('title')}
      </Title>
      <ProblemAlert error={boxes.error} />
      {boxes.isSuccess && list.length === 0 && <Empty>{t(own ? 'empty.own' : 'empty')}</Empty>}
      {open && (
        <div className={style.layout}>
          {list.length > 1 && (
            <Paper withBorder p="xs" component="nav" aria-label={t('title')}>
              {list.map((b) => (
                <BoxEntry key={b.box} box={b} active={b.box === open.box} onClick={() => setQuery({ box: b.box }, { replace: true })} />
              ))}
            </Paper>
          )}
          <Messages key={open.box} box={open} />
        </div>
      )}
    </Stack>
  )
}

function BoxEntry({ box, active, onClick }: { box: Schemas['Mailbox']; active: boolean; onClick: () => void }) {
  const t = useTexts(voicemailTexts)
  return (
    <NavLink
      component="button"
      active={active}
      aria-current={active || undefined}
      onClick={onClick}
      label={
        <Text size="sm" fw={500}>
          {box.box} {box.name}
        </Text>
      }
      description={t(`box.${box.kind}`)}
      rightSection={
        <Group gap={4}>
          {box.unheard > 0 && (
            <Badge size="sm" aria-label={`${box.unheard} ${t('new')}`}>
              {box.unheard}
            </Badge>
          )}
          {box.heard > 0 && (
            <Badge size="sm" color="gray" variant="light" aria-label={`${box.heard} ${t('heard')}`}>
              {box.heard}
            </Badge>
          )}
        </Group>
      }
    />
  )
}
