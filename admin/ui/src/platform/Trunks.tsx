import { Badge, Text } from '@mantine/core'
import { api, data, type Schemas } from '../api/client'
import { Resource } from '../layout/Resource'
import { useMessages } from '../messages'
import { usePlatformTexts } from './texts'
import { TrunkForm, trunkKey } from './TrunkForm'

type Trunk = Schemas['Trunk']

/** Trunks are the carriers, in the order in which they are tried. */
export function Trunks() {
  const t = usePlatformTexts()
  const { t: app } = useMessages()
  return (
    <Resource<Trunk>
      title={app('platform.trunks')}
      empty={t('trunks.empty')}
      add={t('trunks.new')}
      queryKey={trunkKey}
      list={(cursor) => data(api.GET('/api/v1/trunks', { params: { query: { cursor } } }))}
      id={(x) => x.name}
      columns={[
        { title: t('name'), cell: (x) => x.name },
        { title: t('trunk.priority'), cell: (x) => x.priority ?? 0 },
        {
          title: t('trunk.host'),
          cell: (x) => (
            <>
              <Text size="sm">{x.host + (x.port ? `:${x.port}` : '')}</Text>
              <Text size="xs" c="dimmed">
                {(x.transport ?? 'udp').toUpperCase() + (x.secure ? ' + SRTP' : '')}
              </Text>
            </>
          ),
        },
        {
          title: t('trunk.access'),
          cell: (x) => (
            <>
              <Text size="sm">{x.register ? t('trunk.registers', { user: x.username ?? '' }) : x.username ? t('trunk.user', { user: x.username }) : t('trunk.ip')}</Text>
              <Text size="xs" c="dimmed">
                {(x.sources ?? []).join(', ')}
              </Text>
            </>
          ),
        },
        { title: t('trunk.format'), cell: (x) => t(`format.${x.format ?? 'e164'}`) },
        {
          title: t('enabled'),
          cell: (x) => (
            <Badge variant="light" color={x.enabled === false ? 'gray' : 'teal'}>
              {t(x.enabled === false ? 'off' : 'trunk.on')}
            </Badge>
          ),
        },
      ]}
      form={(id, done) => <TrunkForm id={id} onDone={done} />}
    />
  )
}
