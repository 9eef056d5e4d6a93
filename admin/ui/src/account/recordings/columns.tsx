import { Anchor, Badge, Checkbox, Group, Text } from '@mantine/core'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client'
import { pathOf } from '../../api/paths'
import { label } from '../../forms/labels'
import { ConfirmButton } from '../../layout/ConfirmButton'
import { Player } from '../../layout/Player'
import type { Column } from '../../layout/Rows'
import { useMessages, useTexts } from '../../messages'
import { usePlace } from '../place'
import { moment, span } from '../time'
import { recordingTexts } from './texts'

type Recording = Schemas['Recording']

const audio = '/api/v1/accounts/{account}/recordings/{recording}/audio'

type Options = {
  chosen: string[]
  onChoose: (ids: string[]) => void
  onDelete: ((r: Recording) => void) | undefined
  /** Below which address a call can be looked at; '': nowhere. */
  callsAt: string
}

/** useColumns are the columns of a list of recordings. */
export function useColumns({ chosen, onChoose, onDelete, callsAt }: Options): Column<Recording>[] {
  const { t: app, language } = useMessages()
  const t = useTexts(recordingTexts)
  const { account, zone } = usePlace()
  const name = (r: Recording) => t('recording', { at: moment(r.started, zone, language) })
  const url = (r: Recording, download?: boolean) => pathOf(audio, { account, recording: r.id }, download ? { download: 'true' } : {})
  return [
    {
      title: t('when'),
      cell: (r) => (
        <Group gap="sm" wrap="nowrap">
          <Checkbox
            aria-label={t('choose', { what: name(r) })}
            checked={chosen.includes(r.id)}
            onChange={(e) => onChoose(e.currentTarget.checked ? [...chosen, r.id] : chosen.filter((x) => x !== r.id))}
          />
          {moment(r.started, zone, language)}
        </Group>
      ),
    },
    { title: t('user'), cell: (r) => r.user },
    {
      title: t('other'),
      cell: (r) => (
        <>
          <Text size="sm">{r.name || r.number || t('unknown')}</Text>
          {r.name && (
            <Text size="xs" c="dimmed">
              {r.number}
            </Text>
          )}
        </>
      ),
    },
    { title: t('direction'), cell: (r) => label(r.direction, language) },
    { title: t('length'), cell: (r) => span(r.duration) },
    {
      title: t('why'),
      cell: (r) => (
        <Badge variant="light" color={r.reason === 'systematic' ? 'gray' : 'teal'} tt="none">
          {t(`reason.${r.reason}`)}
        </Badge>
      ),
    },
    {
      title: '',
      cell: (r) => (
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Player url={url(r)} name={name(r)} inParts />
          <Anchor size="sm" href={url(r, true)} download>
            {app('app.download')}
          </Anchor>
          {callsAt && (
            <Anchor size="sm" component={Link} to={`${callsAt}/calls?call=${r.call}`}>
              {t('call')}
            </Anchor>
          )}
          {onDelete && <ConfirmButton label={app('app.delete')} question={t('sure')} onYes={() => onDelete(r)} />}
        </Group>
      ),
    },
  ]
}
