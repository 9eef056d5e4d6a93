import { useTexts } from '../messages'
import { Lamp } from './Lamp'
import { liveTexts } from './texts'
import { useLive } from './useLive'

/** ChannelLamp tells whether the phone of a channel is registered; registered is what was so when the list was read. */
export function ChannelLamp({ account, channel, registered }: { account: number; channel: string; registered: boolean }) {
  const t = useTexts(liveTexts)
  const { picture } = useLive(account)
  const on = picture ? picture.phones.some((p) => p.channel === channel) : registered
  return <Lamp color={on ? 'green' : 'gray'}>{t(on ? 'registered' : 'unregistered')}</Lamp>
}
