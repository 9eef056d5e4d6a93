import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, data, type Schemas } from '../../api/client'
import { usePlace } from '../place'

/** useQueues are the queues of the account with their agents. */
export function useQueues() {
  const { account } = usePlace()
  return useQuery({
    queryKey: ['queues', account],
    refetchInterval: 15_000, // others make queues and agents, too
    queryFn: () => data(api.GET('/api/v1/accounts/{account}/queues', { params: { path: { account }, query: { limit: 500 } } })),
  })
}

/** useSetAgent logs agents in and out, and lets them pause. */
export function useSetAgent(queue: string) {
  const { account } = usePlace()
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ agent, body }: { agent: string; body: Schemas['QueueAgent'] }) =>
      data(api.PUT('/api/v1/accounts/{account}/queues/{queue}/agents/{agent}', { params: { path: { account, queue, agent } }, body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['queues', account] })
      void client.invalidateQueries({ queryKey: ['queue', account, queue] })
      void client.invalidateQueries({ queryKey: ['desk', account] })
    },
  })
}
