import { Alert, List } from '@mantine/core'
import { ProblemError } from '../api/client'
import { label } from '../forms/labels'
import { useMessages, type Language } from '../messages'

/** where is a place in what was sent, in the words of the form. */
function where(location: string | undefined, language: Language): string {
  const path = (location ?? '').replace(/^(body|path|query)\.?/, '')
  return path && path.split('.').map((p) => label(p, language)).join(' › ')
}

/** ProblemAlert says what went wrong, and lists what no field can show. */
export function ProblemAlert({ error, shown = [] }: { error: unknown; shown?: string[] }) {
  const { t, language } = useMessages()
  if (!error) return null
  const p = error instanceof ProblemError ? error : null
  const rest = (p?.problem.errors ?? []).filter((e) => !shown.includes(e.location?.replace(/^(body|path)\.?/, '') ?? ''))
  const text = p?.status === 0 ? t('app.offline') : p?.status === 412 ? t('app.stale') : (error as Error).message
  return (
    <Alert color="red" title={t('app.error')} role="alert">
      {text}
      {rest.length > 0 && (
        <List size="sm">
          {rest.map((e, i) => (
            <List.Item key={i}>
              {where(e.location, language)} {e.message}
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  )
}
