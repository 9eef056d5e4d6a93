import { Badge, Group, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react'
import { useNavigate } from 'react-router'
import { api, data, type Schemas } from '../api/client'
import { label } from '../forms/labels'
import { ProblemAlert } from '../layout/Problem'
import { useMessages } from '../messages'
import { useSearchTexts } from '../messages/search'

type Found = Schemas['Found']

function pathOf(f: Found): string {
  const home = `/accounts/${f.account}`
  switch (f.what) {
    case 'extension':
      return `${home}/extensions/${f.key}`
    case 'number':
      return f.name ? `${home}/extensions/${f.name}` : `${home}/flow?number=${encodeURIComponent(f.key)}`
    default:
      return home
  }
}

/** Results is the field of the search with what was found below it; arrows and Enter choose. */
export function Results({ account, onGo }: { account: number | undefined; onGo: () => void }) {
  const t = useSearchTexts()
  const go = useNavigate()
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  // The dialog gives it the focus only when it is there at once; the first time it comes later.
  useEffect(() => field.current?.focus(), [])
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 150)
  const [at, setAt] = useState(0)
  const found = useQuery({
    queryKey: ['search', account, q],
    enabled: q.length >= 2,
    placeholderData: (before) => before,
    queryFn: () => data(api.GET('/api/v1/search', { params: { query: { q, ...(account ? { account } : {}) } } })),
  })
  const list = q.length >= 2 ? (found.data?.items ?? []) : []
  const chosen = Math.min(at, list.length - 1)
  const open = (f: Found) => {
    onGo()
    void go(pathOf(f))
  }
  const keys = (e: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key]
    if (step && list.length > 0) {
      e.preventDefault()
      setAt((chosen + step + list.length) % list.length)
    }
    if (e.key === 'Enter' && list[chosen]) open(list[chosen])
  }
  return (
    <Stack gap="sm">
      <TextInput
        ref={field}
        data-autofocus
        type="search"
        size="md"
        aria-label={t('title')}
        placeholder={t('placeholder')}
        value={typed}
        role="combobox"
        aria-expanded={list.length > 0}
        aria-controls={id}
        aria-activedescendant={list[chosen] ? `${id}-${chosen}` : undefined}
        onKeyDown={keys}
        onChange={(e) => {
          setTyped(e.currentTarget.value)
          setAt(0)
        }}
      />
      <ProblemAlert error={found.error} />
      <div id={id} role="listbox" aria-label={t('title')}>
        {list.map((f, i) => (
          <Hit key={`${f.what}${f.account}${f.key}`} id={`${id}-${i}`} found={f} chosen={i === chosen} elsewhere={f.account !== account} onOpen={() => open(f)} />
        ))}
      </div>
      <Text size="sm" c="dimmed" role="status">
        {q.length < 2 ? t('help') : found.isSuccess && list.length === 0 ? t('none') : ''}
      </Text>
    </Stack>
  )
}

function Hit({ id, found, chosen, elsewhere, onOpen }: { id: string; found: Found; chosen: boolean; elsewhere: boolean; onOpen: () => void }) {
  const t = useSearchTexts()
  const { language } = useMessages()
  const what = found.what === 'extension' ? label(found.kind ?? '', language) : t(found.what)
  const name = found.what === 'account' ? found.account_name : found.what === 'number' && found.name ? t('of', { user: found.name }) : (found.name ?? '')
  return (
    <UnstyledButton
      id={id}
      role="option"
      aria-selected={chosen}
      tabIndex={-1}
      onClick={onOpen}
      w="100%"
      p="xs"
      bg={chosen ? 'var(--mantine-primary-color-light)' : undefined}
      style={{ borderRadius: 'var(--mantine-radius-md)' }}
    >
      <Group justify="space-between" wrap="nowrap">
        <Text truncate>
          {found.what !== 'account' && <b>{found.key} </b>}
          {name}
          {elsewhere && found.what !== 'account' && (
            <Text span c="dimmed" size="sm">
              {' '}
              {found.account_name}
            </Text>
          )}
        </Text>
        <Badge variant="light" style={{ flexShrink: 0 }}>
          {what}
        </Badge>
      </Group>
    </UnstyledButton>
  )
}
