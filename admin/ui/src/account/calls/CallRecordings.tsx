import { Group, Stack, Text, Title } from '@mantine/core'
import type { Schemas } from '../../api/client'
import { pathOf } from '../../api/paths'
import { Player } from '../../layout/Player'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { callTexts } from './texts'

/** CallRecordings are what was recorded of a call. */
export function CallRecordings({ list }: { list: Schemas['Recording'][] }) {
  const { language } = useMessages()
  const t = useTexts(callTexts)
  const { account, zone } = usePlace()
  return (
    <div>
      <Title order={3} size="h4" mb="xs">
        {t('recordings')}
      </Title>
      <Stack gap="xs">
        {list.map((r) => (
          <Group key={r.id} justify="space-between">
            <Text size="sm">
              {r.user} · {span(r.duration)}
            </Text>
            <Player
              inParts
              url={pathOf('/api/v1/accounts/{account}/recordings/{recording}/audio', { account, recording: r.id })}
              name={t('recording', { at: moment(r.started, zone, language) })}
            />
          </Group>
        ))}
      </Stack>
    </div>
  )
}
