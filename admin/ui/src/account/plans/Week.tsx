import { Group, Paper, Text, Title, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { useMessages } from '../../messages'
import { useAccountId } from '../useAccount'
import { planColour } from './colours'

const day = 86_400_000

/** local reads an instant as the clock on the account's wall shows it: the API tells it with its offset. */
function local(at: string): number {
  return Date.parse(at.slice(0, 19) + 'Z')
}

/** Week is a picture of which plan is active when: a row a day. */
export function Week({ scheme }: { scheme: number }) {
  const { t, language } = useMessages()
  const account = useAccountId()
  const spans =
    useQuery({
      queryKey: ['scheme', account, scheme, 'week'],
      queryFn: () => data(api.GET('/api/v1/accounts/{account}/schemes/{scheme}/week', { params: { path: { account, scheme } } })),
    }).data?.spans ?? []
  if (!spans[0]) return null
  const first = Math.floor(local(spans[0].from) / day) * day
  return (
    <Paper withBorder p="md">
      <Title order={3} size="h4" mb="sm">
        {t('plans.week')}
      </Title>
      {Array.from({ length: 7 }, (_, i) => first + i * day).map((from) => (
        <Group key={from} gap="sm" wrap="nowrap" mb={6}>
          <Text size="sm" w={90}>
            {new Intl.DateTimeFormat(language, { weekday: 'short', day: 'numeric', timeZone: 'UTC' }).format(from)}
          </Text>
          <div style={{ position: 'relative', height: 26, flex: 1 }}>
            {spans.map((s, i) => (
              <Part key={i} span={s} from={from} />
            ))}
          </div>
        </Group>
      ))}
      <Group gap="sm" wrap="nowrap">
        <Text w={90} />
        <Group justify="space-between" style={{ flex: 1 }}>
          {['0:00', '6:00', '12:00', '18:00', '24:00'].map((h) => (
            <Text key={h} size="xs" c="dimmed">
              {h}
            </Text>
          ))}
        </Group>
      </Group>
    </Paper>
  )
}

/** Part is what of a span lies in one day. */
function Part({ span, from }: { span: Schemas['WeekSpan']; from: number }) {
  const begin = Math.max(local(span.from), from)
  const end = Math.min(local(span.to), from + day)
  if (end <= begin) return null
  return (
    <Tooltip label={`${span.plan} ${span.name}: ${span.reason}`}>
      <div
        style={{
          position: 'absolute',
          insetBlock: 0,
          left: `${((begin - from) / day) * 100}%`,
          width: `${((end - begin) / day) * 100}%`,
          ...planColour(span.plan),
          borderRadius: 4,
          overflow: 'hidden',
          whiteSpace: 'nowrap',
          fontSize: 12,
          paddingInline: 6,
          lineHeight: '24px',
        }}
      >
        {span.plan} {span.name}
      </div>
    </Tooltip>
  )
}
