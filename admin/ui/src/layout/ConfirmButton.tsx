import { Button, Group, Popover, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useMessages } from '../messages'

type Props = { label: string; question: string; onYes: () => void; loading?: boolean; disabled?: boolean }

/** ConfirmButton asks before something is deleted for good. */
export function ConfirmButton({ label, question, onYes, loading, disabled }: Props) {
  const { t } = useMessages()
  const [asking, setAsking] = useState(false)
  return (
    <Popover opened={asking} onChange={setAsking} trapFocus withArrow position="bottom-end" width={260}>
      <Popover.Target>
        <Button size="compact-sm" variant="subtle" color="red" loading={loading} disabled={disabled} onClick={() => setAsking(!asking)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <Text size="sm">{question}</Text>
          <Group justify="flex-end" gap="xs">
            <Button size="xs" variant="default" onClick={() => setAsking(false)}>
              {t('app.cancel')}
            </Button>
            <Button
              size="xs"
              color="red"
              onClick={() => {
                setAsking(false)
                onYes()
              }}
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
