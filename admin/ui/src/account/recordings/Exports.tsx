import { Badge, Button, Group, Progress, Stack, Table, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { pathOf } from '../../api/paths'
import { ConfirmButton } from '../../layout/ConfirmButton'
import { ProblemAlert } from '../../layout/Problem'
import { useMessages, useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { moment } from '../time'
import { recordingTexts } from './texts'

type Export = Schemas['Export']

const file = '/api/v1/accounts/{account}/recording-exports/{export}/file'
// Those of which text can be read on their light background.
const colors = { queued: 'gray', running: 'blue', done: 'teal', failed: 'orange' }

/** Exports are ZIP files of recordings that are prepared in the background and kept for a day. */
export function Exports({ selection }: { selection: Schemas['ExportInput'] }) {
  const t = useTexts(recordingTexts)
  const { account } = usePlace()
  const mayChange = useSession()?.role !== 'readonly'
  const client = useQueryClient()
  const queryKey = ['recording-exports', account]
  const changed = () => client.invalidateQueries({ queryKey })
  const list = useQuery({
    queryKey,
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/recording-exports', { params: { path: { account } } })),
    refetchInterval: (q) => (q.state.data?.items?.some((e) => e.state === 'queued' || e.state === 'running') ? 2000 : false),
  })
  const create = useMutation({
    mutationFn: () => data(api.POST('/api/v1/accounts/{account}/recording-exports', { params: { path: { account } }, body: selection })),
    onSuccess: changed,
  })
  const remove = useMutation({
    mutationFn: (id: string) => data(api.DELETE('/api/v1/accounts/{account}/recording-exports/{export}', { params: { path: { account, export: id } } })),
    onSuccess: changed,
  })
  const exports = list.data?.items ?? []
  return (
    <Stack>
      <Text size="sm">{t('exports.help')}</Text>
      {mayChange && (
        <Group>
          <Button loading={create.isPending} onClick={() => create.mutate()}>
            {selection.ids?.length ? t('exports.chosen', { n: selection.ids.length }) : t('exports.new')}
          </Button>
        </Group>
      )}
      <ProblemAlert error={create.error ?? remove.error ?? list.error} />
      {list.isSuccess && exports.length === 0 && <Text c="dimmed">{t('exports.none')}</Text>}
      {exports.length > 0 && (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('when')}</Table.Th>
              <Table.Th>{t('exports.count')}</Table.Th>
              <Table.Th>{t('exports.state')}</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {exports.map((e) => (
              <Row key={e.id} of={e} onDelete={mayChange ? () => remove.mutate(e.id) : undefined} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  )
}

function Row({ of: e, onDelete }: { of: Export; onDelete: (() => void) | undefined }) {
  const t = useTexts(recordingTexts)
  const { language } = useMessages()
  const { account, zone } = usePlace()
  const done = e.bytes > 0 ? Math.min(100, (100 * e.done_bytes) / e.bytes) : 0
  return (
    <Table.Tr>
      <Table.Td>{moment(e.created, zone, language)}</Table.Td>
      <Table.Td>{e.recordings}</Table.Td>
      <Table.Td>
        <Badge variant="light" color={colors[e.state]}>
          {t(`exports.${e.state}`)}
        </Badge>
        {e.state === 'running' && <Progress value={done} mt={4} aria-label={t('exports.running')} />}
        {e.reason && <Text size="xs">{e.reason}</Text>}
        {e.state === 'done' && e.expires && <Text size="xs">{t('exports.until', { at: moment(e.expires, zone, language) })}</Text>}
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          {e.state === 'done' && (
            <Button component="a" href={pathOf(file, { account, export: e.id })} download size="compact-sm" variant="default">
              {t('exports.download')}
            </Button>
          )}
          {onDelete && <ConfirmButton label={t('exports.delete')} question={t('exports.sure')} onYes={onDelete} />}
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}
