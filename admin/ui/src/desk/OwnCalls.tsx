import { Badge, Group, Text } from '@mantine/core'
import { usePlace } from '../account/place'
import { moment, span } from '../account/time'
import { api, data, type Schemas } from '../api/client'
import { Resource } from '../layout/Resource'
import { useMessages, useTexts } from '../messages'
import { deskTexts } from './texts'
import { useDesk } from './useDesk'

/** OwnCalls are the calls of the user, the newest first. */
export function OwnCalls() {
  const { language } = useMessages()
  const t = useTexts(deskTexts)
  const { account, user } = useDesk()
  const { zone } = usePlace()
  const mine = (c: Schemas['Call']) => c.caller_number === user
  return (
    <Resource<Schemas['Call']>
      title={t('calls')}
      empty={t('calls.empty')}
      queryKey={['desk', account, user, 'calls']}
      list={(cursor) => data(api.GET('/api/v1/accounts/{account}/users/{user}/calls', { params: { path: { account, user }, query: { cursor, limit: 50 } } }))}
      id={(c) => c.id}
      columns={[
        { title: t('when'), cell: (c) => moment(c.started, zone, language) },
        {
          title: t('who'),
          cell: (c) => (
            <Group gap="xs">
              <Text size="sm" c="dimmed">
                {t(mine(c) ? 'out' : 'in')}
              </Text>
              <Text size="sm" fw={500}>
                {mine(c) ? c.dialed : [c.caller_number, c.caller_name].filter(Boolean).join(' ') || '–'}
              </Text>
            </Group>
          ),
        },
        { title: t('talked'), cell: (c) => (c.answered ? span(c.duration) : mine(c) ? '–' : <Badge variant="light" color="orange">{t('missed')}</Badge>) },
      ]}
    />
  )
}
