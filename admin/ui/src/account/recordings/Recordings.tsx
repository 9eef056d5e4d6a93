import { Button, Drawer, Group, Stack } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, type Schemas } from '../../api/client'
import { pathOf } from '../../api/paths'
import { ConfirmButton } from '../../layout/ConfirmButton'
import { ProblemAlert } from '../../layout/Problem'
import { Resource } from '../../layout/Resource'
import { useTexts } from '../../messages'
import { useSession } from '../../session/session'
import { usePlace } from '../place'
import { useColumns } from './columns'
import { Exports } from './Exports'
import { everything, queryOf } from './filter'
import { Filters } from './Filters'
import { RecordingSettings } from './RecordingSettings'
import { recordingTexts } from './texts'

type Recording = Schemas['Recording']

/** Recordings are the recorded conversations that somebody may hear. */
export function Recordings() {
  const t = useTexts(recordingTexts)
  const { account, zone, base } = usePlace()
  const client = useQueryClient()
  const role = useSession()?.role
  const own = role === 'own-recordings'
  const mayDelete = !own && role !== 'readonly'
  const [filter, setFilter] = useState(everything)
  const [asked] = useDebouncedValue(filter, 300)
  const [chosen, setChosen] = useState<string[]>([])
  const [settings, setSettings] = useState(false)
  const [exports, setExports] = useState(false)
  const query = queryOf(asked, zone)
  const remove = useMutation({
    mutationFn: (id: string[]) => data(api.DELETE('/api/v1/accounts/{account}/recordings', { params: { path: { account }, query: { id } } })),
    onSuccess: () => {
      setChosen([])
      return client.invalidateQueries({ queryKey: ['recordings', account] })
    },
  })
  const columns = useColumns({ chosen, onChoose: setChosen, onDelete: mayDelete ? (r) => remove.mutate([r.id]) : undefined, callsAt: base })
  const zip = chosen.length > 0 ? pathOf('/api/v1/accounts/{account}/recordings.zip', { account }, { id: chosen }) : pathOf('/api/v1/accounts/{account}/recordings.zip', { account }, query)
  return (
    <Stack>
      <ProblemAlert error={remove.error} />
      <Resource<Recording>
        title={t('title')}
        empty={t(Object.keys(query).length > 0 ? 'none' : own ? 'empty.own' : 'empty')}
        queryKey={['recordings', account, query]}
        list={(cursor) => data(api.GET('/api/v1/accounts/{account}/recordings', { params: { path: { account }, query: { cursor, limit: 50, ...query } } }))}
        id={(r) => r.id}
        columns={columns}
        toolbar={
          <Group gap="xs" align="end" justify="flex-end">
            <Filters filter={filter} onChange={setFilter} own={own} />
            {mayDelete && chosen.length > 0 && <ConfirmButton label={t('delete.chosen', { n: chosen.length })} question={t('delete.sure', { n: chosen.length })} loading={remove.isPending} onYes={() => remove.mutate(chosen)} />}
            <Button component="a" href={zip} download variant="default">
              {chosen.length > 0 ? t('zip.chosen', { n: chosen.length }) : t('zip')}
            </Button>
            <Button variant="default" onClick={() => setExports(true)}>
              {t('exports')}
            </Button>
            {base && (
              <Button variant="default" onClick={() => setSettings(true)}>
                {t('settings')}
              </Button>
            )}
          </Group>
        }
      />
      <Drawer opened={settings} onClose={() => setSettings(false)} position="right" size="lg" title={t('settings')}>
        {settings && <RecordingSettings onDone={() => setSettings(false)} />}
      </Drawer>
      <Drawer opened={exports} onClose={() => setExports(false)} position="right" size="lg" title={t('exports')}>
        {exports && <Exports selection={chosen.length > 0 ? { ids: chosen } : query} />}
      </Drawer>
    </Stack>
  )
}
