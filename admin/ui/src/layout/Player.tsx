import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ProblemError } from '../api/client'
import { useMessages } from '../messages'
import { ProblemAlert } from './Problem'

type Props = {
  url: string
  name: string
  onPlay?: () => void
  /** The service sends parts of it; otherwise it is kept whole in the browser, so that one can jump to and fro in it. */
  inParts?: boolean
}

/** Player fetches audio when somebody wants to hear it. */
export function Player({ url, name, onPlay, inParts }: Props) {
  const { t } = useMessages()
  const load = useMutation({
    mutationFn: async () => {
      if (inParts) return url
      const answer = await fetch(url).catch(() => {
        throw new ProblemError({ status: 0 })
      })
      if (!answer.ok) throw new ProblemError({ status: answer.status, title: answer.statusText })
      return URL.createObjectURL(await answer.blob())
    },
    onSuccess: onPlay,
  })
  const source = load.data
  useEffect(() => (source ? () => URL.revokeObjectURL(source) : undefined), [source])
  if (load.error) return <ProblemAlert error={load.error} />
  if (source) return <audio controls autoPlay src={source} aria-label={name} style={{ height: 36, width: 280, display: 'block' }} />
  return (
    <Button size="compact-sm" variant="light" loading={load.isPending} onClick={() => load.mutate()} aria-label={`${t('app.play')} ${name}`}>
      ▶ {t('app.play')}
    </Button>
  )
}
