import { Anchor } from '@mantine/core'
import { Link } from 'react-router'
import { ChoiceField, EitherField, NumberField, SwitchField } from '../../../forms/fields/basic'
import { RecordingField } from '../../../forms/fields/choices'
import { DestinationField, DestinationsField } from '../../../forms/fields/Destination'
import { useField } from '../../../forms/fields/Form'
import { useConfigTexts } from '../../../messages/config'
import { useAccountId } from '../../useAccount'
import { AgentsField } from './Agents'
import { Part } from './Part'
import { AnnouncementLanguage } from './shared'

const strategies = ['longest_idle', 'fewest_calls', 'least_talk', 'random', 'sequential', 'sequential_memory', 'ring_all', 'round_robin'] as const

export function Queue() {
  const t = useConfigTexts()
  const account = useAccountId()
  const number = useField<string>('number').value
  const isNew = useField<number>('id').value === undefined
  return (
    <>
      <Part title={t('part.queue')}>
        <ChoiceField path="queue.strategy" label={t('queue.strategy')} required choices={strategies.map((value) => ({ value, label: t(`queue.${value}`) }))} />
        <EitherField path="queue.access" label={t('queue.access')} initial="open" choices={(['open', 'closed'] as const).map((value) => ({ value, label: t(`queue.${value}`) }))} />
        <div style={{ gridColumn: '1 / -1' }}>
          <AgentsField path="queue.members" label={t('queue.agents')} help={t('queue.agents.help')} />
          {!isNew && (
            <Anchor component={Link} to={`/accounts/${account}/queues/${number}`} size="sm">
              {t('queue.board')}
            </Anchor>
          )}
        </div>
        <NumberField path="queue.ring_timeout" label={t('queue.ring')} min={1} max={600} initial={20} />
        <NumberField path="queue.cool_down" label={t('queue.cool')} min={0} max={86400} initial={0} />
        <NumberField path="queue.weight" label={t('queue.weight')} min={0} max={100} initial={0} />
        <NumberField path="queue.service_level" label={t('queue.level')} help={t('queue.level.help')} min={1} max={3600} initial={20} />
        <SwitchField path="queue.second_call" label={t('queue.second')} />
      </Part>
      <Part title={t('part.greeting')}>
        <RecordingField path="queue.introduction" label={t('queue.intro')} none={t('greeting.none')} />
        <AnnouncementLanguage path="queue.language" />
        <SwitchField path="queue.skip_introduction" label={t('queue.skip')} />
        <SwitchField path="queue.music" label={t('queue.music')} help={t('queue.music.help')} initial />
        <SwitchField path="queue.announce_position" label={t('queue.position')} />
        <SwitchField path="queue.announce_wait" label={t('queue.wait')} />
        <NumberField path="queue.interval" label={t('queue.interval')} min={5} max={3600} initial={60} />
        <DestinationField path="queue.breakout" label={t('queue.breakout')} help={t('queue.breakout.help')} />
      </Part>
      <Part title={t('part.full')}>
        <NumberField path="queue.call_limit" label={t('queue.limit')} help={t('queue.limit.help')} min={0} max={10000} initial={0} />
        <NumberField path="queue.forward_after" label={t('queue.after')} help={t('queue.after.help')} min={0} max={86400} initial={0} />
        <DestinationsField path="queue.forward" label={t('queue.forward')} max={10} />
        <DestinationsField path="queue.no_agent" label={t('queue.noagent')} help={t('queue.noagent.help')} max={10} />
      </Part>
    </>
  )
}
