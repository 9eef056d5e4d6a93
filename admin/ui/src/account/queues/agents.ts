import type { Schemas } from '../../api/client'
import type { LampColor } from '../../live/Lamp'

export type AgentState = Schemas['QueueAgentBoard']['state']

export const agentColors: Record<AgentState, LampColor> = {
  free: 'green',
  ringing: 'orange',
  talking: 'red',
  busy: 'red',
  'wrap-up': 'blue',
  paused: 'orange',
  unreachable: 'gray',
  'logged-out': 'gray',
}

/** countAgents is how many agents of a board are in each state. */
export function countAgents(board: Schemas['QueueBoard'] | undefined): Partial<Record<AgentState, number>> {
  const out: Partial<Record<AgentState, number>> = {}
  for (const a of board?.agents ?? []) out[a.state] = (out[a.state] ?? 0) + 1
  return out
}

/** levelOf is the service level of a board in per cent; undefined: nobody called lately. */
export function levelOf(board: Schemas['QueueBoard'] | undefined): number | undefined {
  const all = (board?.answered ?? 0) + (board?.abandoned ?? 0)
  return board && all > 0 ? Math.round((100 * board.in_time) / all) : undefined
}
