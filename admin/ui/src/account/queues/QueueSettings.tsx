import { Paper } from '@mantine/core'
import { useNavigate } from 'react-router'
import { ExtensionForm } from '../extensions/ExtensionForm'
import { usePlace } from '../place'

/** QueueSettings is the form of the queue's extension, which leads back to the queues when it is saved. */
export function QueueSettings({ queue }: { queue: string }) {
  const { base } = usePlace()
  const go = useNavigate()
  return (
    <Paper withBorder p="lg" maw={860}>
      <ExtensionForm number={queue} onDone={() => void go(`${base}/queues`)} />
    </Paper>
  )
}
