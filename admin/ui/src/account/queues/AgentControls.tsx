import { Button, Group, Popover, Stack, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Schemas } from '../../api/client'
import { useTexts } from '../../messages'
import { queueTexts } from './texts'
import { useSetAgent } from './useQueues'

type Props = { queue: string; agent: string; who: string; active: boolean; paused: string | undefined }

/** AgentControls logs an agent in to a queue and out, and lets them pause. */
export function AgentControls({ queue, agent, who, active, paused }: Props) {
  const t = useTexts(queueTexts)
  const set = useSetAgent(queue)
  const [asking, setAsking] = useState(false)
  const [why, setWhy] = useState('')
  const to = (body: Schemas['QueueAgent']) => {
    set.mutate({ agent, body })
    setAsking(false)
  }
  return (
    <Group gap="sm" wrap="nowrap">
      <Switch aria-label={t('members.active', { who })} checked={active} disabled={set.isPending} onChange={(e) => to({ active: e.currentTarget.checked })} />
      {active && paused && (
        <Button size="compact-sm" variant="light" onClick={() => to({ active: true })}>
          {t('members.resume')}
        </Button>
      )}
      {active && !paused && (
        <Popover opened={asking} onChange={setAsking} trapFocus withArrow>
          <Popover.Target>
            <Button size="compact-sm" variant="default" onClick={() => setAsking(!asking)}>
              {t('members.pause')}
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <form
              onSubmit={(e) => {
                e.preventDefault()
                to({ active: true, paused: why.trim() || t('members.pause') })
              }}
            >
              <Stack gap="xs">
                <TextInput label={t('members.pause.why')} value={why} maxLength={100} onChange={(e) => setWhy(e.currentTarget.value)} data-autofocus />
                <Button type="submit" size="xs">
                  {t('members.pause')}
                </Button>
              </Stack>
            </form>
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  )
}
