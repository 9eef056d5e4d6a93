import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data, row, type Schemas } from '../../api/client'
import { usePlace } from '../place'

export type Member = Schemas['QueueMember']

/** useMembers are the agents of a queue, what is changed of them and not saved yet, and how it is saved. */
export function useMembers(queue: string) {
  const { account } = usePlace()
  const client = useQueryClient()
  const path = { account, extension: queue }
  const key = ['queue', account, queue, 'members']
  const read = useQuery({ queryKey: key, queryFn: () => row(api.GET('/api/v1/accounts/{account}/extensions/{extension}', { params: { path } })) })
  const [draft, setDraft] = useState<Member[] | null>(null)
  const kept = read.data?.value.queue?.members ?? []
  const save = useMutation({
    mutationFn: (members: Member[]) => {
      const was = read.data!
      const body = { ...was.value, queue: { ...was.value.queue!, members: members.map(({ extension, ring_timeout, cool_down, weight }) => ({ extension, ring_timeout, cool_down, weight })) } }
      return data(
        api.PUT('/api/v1/accounts/{account}/extensions/{extension}', { params: { path, header: { 'If-Match': was.etag } }, body: body as Schemas['Extension'] }),
      )
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['queue', account, queue] })
      void client.invalidateQueries({ queryKey: ['queues', account] })
      setDraft(null)
    },
  })
  return {
    read,
    settings: read.data?.value.queue,
    members: draft ?? kept,
    changed: draft !== null,
    change: setDraft,
    save: () => draft && save.mutate(draft),
    saving: save.isPending,
    forget: () => {
      setDraft(null)
      save.reset()
      void read.refetch()
    },
    error: save.error ?? read.error,
  }
}

/** moved is a list in which one has another place. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  const out = list.filter((_, i) => i !== from)
  out.splice(to, 0, list[from]!)
  return out
}
