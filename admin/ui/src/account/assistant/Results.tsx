import { Badge, Drawer, Group, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { api, data, type Schemas } from '../../api/client'
import { Resource } from '../../layout/Resource'
import { useMessages } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { plusDays, startOf } from '../zone'
import { Result } from './Result'
import { useAssistantTexts } from './texts'

type Heard = Schemas['AssistantResult']

/** Results are what the assistant has heard, the newest first; a user sees their own. */
export function Results({ mayDelete }: { mayDelete: boolean }) {
  const t = useAssistantTexts()
  const { language } = useMessages()
  const { account, zone } = usePlace()
  const own = useSession()?.role === 'user'
  const [filter, setFilter] = useState({ user: '', from: '', to: '' })
  const [asked] = useDebouncedValue(filter, 300)
  const [open, setOpen] = useState<string | null>(null)
  const query = {
    ...(/^\d{2,5}$/.test(asked.user) && { user: asked.user }),
    ...(asked.from && { from: startOf(asked.from, zone).toISOString() }),
    ...(asked.to && { to: startOf(plusDays(asked.to, 1), zone).toISOString() }),
  }
  const set = (part: Partial<typeof filter>) => setFilter({ ...filter, ...part })
  return (
    <>
      <Resource<Heard>
        title={t('title')}
        empty={t(own ? 'empty.own' : 'empty')}
        filtered={Object.keys(query).length > 0 ? t('filtered') : undefined}
        queryKey={['assistant', account, 'results', query]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/assistant/results', { params: { path: { account }, query: { cursor, limit: 50, ...query } } }))}
        id={(r) => r.id}
        onOpen={(r) => setOpen(r.id)}
        toolbar={
          <Group gap="xs" align="end">
            {!own && <TextInput label={t('user')} w={90} inputMode="numeric" value={filter.user} onChange={(e) => set({ user: e.currentTarget.value })} />}
            <TextInput type="date" label={t('from')} value={filter.from} onChange={(e) => set({ from: e.currentTarget.value })} />
            <TextInput type="date" label={t('to')} value={filter.to} onChange={(e) => set({ to: e.currentTarget.value })} />
          </Group>
        }
        columns={[
          { title: t('when'), cell: (r) => moment(r.started, zone, language) },
          ...(own ? [] : [{ title: t('user'), cell: (r: Heard) => r.user }]),
          { title: t('other'), cell: (r) => (r.kind === 'memo' ? <Badge variant="light" tt="none">{t('kind.memo')}</Badge> : r.name || r.number || t('unknown')) },
          { title: t('length'), cell: (r) => span(r.duration) },
          {
            title: t('what'),
            cell: (r) =>
              r.state === 'done' ? (
                <Text size="sm" lineClamp={2} maw={420}>
                  {r.summary || t('nothing')}
                </Text>
              ) : (
                <Badge variant="light" tt="none" color={r.state === 'failed' ? 'orange' : 'gray'}>
                  {t(`state.${r.state}`)}
                </Badge>
              ),
          },
        ]}
      />
      <Drawer opened={open !== null} onClose={() => setOpen(null)} position="right" size="lg" title={t('title')}>
        {open && <Result id={open} mayDelete={mayDelete} onDeleted={() => setOpen(null)} />}
      </Drawer>
    </>
  )
}
