import { useTexts } from '../messages'
import { Lamp } from './Lamp'
import type { StreamState } from './stream'
import { liveTexts } from './texts'

/** Connection says whether what is shown is how it is now. */
export function Connection({ state }: { state: StreamState }) {
  const t = useTexts(liveTexts)
  return (
    <span role="status">
      <Lamp color={state === 'open' ? 'green' : state === 'ended' ? 'red' : 'orange'}>{t(state === 'open' ? 'live' : state)}</Lamp>
    </span>
  )
}
