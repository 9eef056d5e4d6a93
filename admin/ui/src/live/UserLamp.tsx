import { useTexts } from '../messages'
import { Lamp, type LampColor } from './Lamp'
import type { Picture } from './picture'
import { liveTexts } from './texts'

const colors: Record<string, LampColor> = { idle: 'green', ringing: 'orange', busy: 'red', unknown: 'gray', offline: 'gray' }

/** UserLamp is what a user does; registered: whether one of the user's phones is. */
export function UserLamp({ picture, user, registered }: { picture: Picture | null; user: string; registered: boolean }) {
  const t = useTexts(liveTexts)
  const state = picture?.states[user] ?? 'idle'
  const shown = state === 'idle' && !registered ? 'offline' : state
  return (
    <Lamp color={colors[shown] ?? 'gray'} blink={shown === 'ringing'}>
      {t(shown as keyof typeof liveTexts.en)}
    </Lamp>
  )
}
