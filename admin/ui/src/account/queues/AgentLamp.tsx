import type { Schemas } from '../../api/client'
import { Lamp } from '../../live/Lamp'
import { useTexts } from '../../messages'
import { agentColors } from './agents'
import { queueTexts } from './texts'

/** AgentLamp is what an agent does now, with the reason of a pause. */
export function AgentLamp({ agent, active }: { agent: Schemas['QueueAgentBoard'] | undefined; active: boolean }) {
  const t = useTexts(queueTexts)
  const state = agent?.state ?? (active ? 'free' : 'logged-out')
  const text = t(`state.${state}`)
  return (
    <Lamp color={agentColors[state]} blink={state === 'ringing'}>
      {state === 'paused' && agent?.paused && agent.paused !== text ? `${text}: ${agent.paused}` : text}
    </Lamp>
  )
}
