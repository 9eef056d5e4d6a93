import { Button, NumberInput, Popover, Stack, Text } from '@mantine/core'
import type { Schemas } from '../../api/client'
import { useTexts } from '../../messages'
import { queueTexts } from './texts'
import type { Member } from './useMembers'

const fields = [
  ['ring_timeout', 1, 600],
  ['cool_down', 0, 86400],
  ['weight', 0, 100],
] as const

type Props = { member: Member; who: string; queue: Schemas['QueueConfig'] | undefined; onChange: (m: Member) => void }

/** OwnValues are what an agent has instead of the queue's values. */
export function OwnValues({ member, who, queue, onChange }: Props) {
  const t = useTexts(queueTexts)
  const own = fields.filter(([f]) => member[f] !== undefined).map(([f]) => `${t(f)} ${member[f]}`)
  return (
    <Popover withArrow trapFocus position="bottom-end">
      <Popover.Target>
        <Button size="compact-sm" variant={own.length > 0 ? 'light' : 'default'} aria-label={`${own.join(' · ') || '…'} ${t('members.own.title', { who })}`}>
          {own.join(' · ') || '…'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm" fw={600}>
            {t('members.own.title', { who })}
          </Text>
          {fields.map(([f, min, max]) => (
            <NumberInput
              key={f}
              label={t(f)}
              placeholder={t('members.own.queue', { value: queue?.[f] ?? 0 })}
              value={member[f] ?? ''}
              min={min}
              max={max}
              onChange={(v) => onChange({ ...member, [f]: v === '' ? undefined : Number(v) })}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
