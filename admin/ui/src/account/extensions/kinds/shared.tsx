import { Group, Select, SimpleGrid, Switch, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Fragment, type ReactNode } from 'react'
import { api, data } from '../../../api/client'
import { LanguageField, NumberField, TextField } from '../../../forms/fields/basic'
import { DestinationField } from '../../../forms/fields/Destination'
import { useField } from '../../../forms/fields/Form'
import { Rows } from '../../../forms/fields/Rows'
import { useConfigTexts } from '../../../messages/config'
import { useAccountId } from '../../useAccount'
import { Part } from './Part'

/** Otherwise is where calls go that nothing else takes, with what stands before the caller on the display. */
export function Otherwise({ path, title, help, required }: { path: string; title?: string; help?: string; required?: boolean }) {
  const t = useConfigTexts()
  return (
    <>
      <DestinationField path={path} label={title ?? t('fallback')} help={help} required={required} />
      <TextField path={`${path}_prefix`} label={t('fallback.prefix')} maxLength={40} />
    </>
  )
}

/** AnnouncementLanguage is the language of a system's announcement. */
export function AnnouncementLanguage({ path }: { path: string }) {
  const t = useConfigTexts()
  return <LanguageField path={path} placeholder={t('language.account')} />
}

/** usePrivacyGroups are the account's. */
export function usePrivacyGroups() {
  const account = useAccountId()
  return useQuery({ queryKey: ['privacy', account, 'all'], staleTime: 30_000, queryFn: () => data(api.GET('/api/v1/accounts/{account}/privacy-groups', { params: { path: { account } } })) }).data?.items ?? []
}

type Right = 'pickup' | 'park_retrieve' | 'blf' | 'listen' | 'notify'

/** Privacy says which privacy groups have which rights over the extension. */
export function Privacy({ path, rights }: { path: string; rights: Right[] }) {
  const t = useConfigTexts()
  const groups = usePrivacyGroups()
  if (groups.length === 0) {
    return (
      <Part title={t('part.privacy')} wide>
        <Text size="sm" c="dimmed">
          {t('privacy.none')}
        </Text>
      </Part>
    )
  }
  return (
    <Part title={t('part.privacy')} wide>
      <Rows
        path={path}
        titles={[t('privacy.group'), t('privacy.may'), t('privacy.delay')]}
        add={t('privacy.add')}
        empty={t('privacy.empty')}
        fresh={{ group: groups[0]!.id }}
        row={(at, i) => [
          <GroupChoice key="group" path={`${at}.group`} name={`${t('privacy.group')} ${i + 1}`} />,
          <SimpleGrid key="may" cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={4} mt={6}>
            {rights.map((r) => (
              <Fragment key={r}>
                <RightSwitch path={`${at}.${r}`} name={t(`privacy.${r}`)} />
              </Fragment>
            ))}
          </SimpleGrid>,
          <NumberField key="delay" path={`${at}.notify_delay`} cell={`${t('privacy.delay')} ${i + 1}`} min={0} max={3600} initial={0} />,
        ]}
      />
    </Part>
  )
}

function RightSwitch({ path, name }: { path: string; name: string }) {
  const f = useField<boolean>(path)
  return <Switch size="xs" label={name} name={path} checked={f.value ?? false} onChange={(e) => f.set(e.currentTarget.checked || undefined)} />
}

/** GroupChoice is a privacy group by its id. */
export function GroupChoice({ path, name, label, help, none }: { path: string; name?: string; label?: string; help?: string; none?: string }) {
  const f = useField<number>(path)
  const groups = usePrivacyGroups()
  return (
    <Select
      label={label}
      aria-label={label ? undefined : name}
      description={help}
      error={f.error}
      placeholder={none}
      clearable={none !== undefined}
      value={f.value ? String(f.value) : null}
      data={groups.map((g) => ({ value: String(g.id), label: g.name }))}
      onChange={(v) => f.set(v ? Number(v) : undefined)}
    />
  )
}

/** Pair stands two fields in one cell of a table. */
export function Pair({ children }: { children: ReactNode[] }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      {children}
    </Group>
  )
}

