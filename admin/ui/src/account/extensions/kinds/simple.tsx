import { Anchor } from '@mantine/core'
import { ChoiceField, EitherField, NumberField, SecretField, SwitchField, TextField } from '../../../forms/fields/basic'
import { OwnNumberField, RecordingField } from '../../../forms/fields/choices'
import { DestinationField } from '../../../forms/fields/Destination'
import { useField } from '../../../forms/fields/Form'
import { Rows } from '../../../forms/fields/Rows'
import { useConfigTexts } from '../../../messages/config'
import { Part } from './Part'
import { AnnouncementLanguage, Otherwise } from './shared'

/** ShownField is which number a destination outside sees. */
function ShownField({ path }: { path: string }) {
  const t = useConfigTexts()
  return <OwnNumberField path={path} label={t('show')} fixed={(['calling', 'called'] as const).map((value) => ({ value, label: t(`caller.${value}`) }))} />
}

export function Forward() {
  const t = useConfigTexts()
  return (
    <Part title={t('part.basic')}>
      <TextField path="forward.number" label={t('forward.number')} inputMode="tel" required />
      <ShownField path="forward.caller_id" />
    </Part>
  )
}

export function AutoAnswer() {
  const t = useConfigTexts()
  return (
    <Part title={t('part.greeting')}>
      <RecordingField path="auto_answer.announcement" none="" required />
      <AnnouncementLanguage path="auto_answer.language" />
    </Part>
  )
}

export function Limit() {
  const t = useConfigTexts()
  return (
    <Part title={t('part.basic')}>
      <NumberField path="limit.calls" label={t('limit.calls')} min={1} max={10000} required />
      <ShownField path="limit.caller_id" />
      <DestinationField path="limit.within" label={t('limit.within')} required />
      <DestinationField path="limit.above" label={t('limit.above')} help={t('limit.busy')} />
    </Part>
  )
}

export function Picker() {
  const t = useConfigTexts()
  return (
    <>
      <Part title={t('part.greeting')}>
        <RecordingField path="picker.announcement" none={t('greeting.system')} />
        <AnnouncementLanguage path="picker.language" />
        <NumberField path="picker.timeout" label={t('picker.timeout')} min={0.1} max={600} initial={5} decimals />
        <SwitchField path="picker.ringback" label={t('picker.ringback')} />
      </Part>
      <Part title={t('picker.fallback')}>
        <Otherwise path="picker.fallback" required />
      </Part>
    </>
  )
}

export function Authentication() {
  const t = useConfigTexts()
  const by = useField<string>('authentication.by').value === 'caller' ? 'caller' : 'pin'
  return (
    <>
      <Part title={t('part.basic')} wide>
        <EitherField path="authentication.by" label={t('auth.by')} initial="pin" choices={(['pin', 'caller'] as const).map((value) => ({ value, label: t(`auth.${value}`) }))} />
        <Rows
          path="authentication.entries"
          titles={[t(`auth.key.${by}`), t('ivr.destination'), t('ivr.prefix')]}
          add={t('auth.add')}
          empty={t('auth.empty')}
          row={(at, i) => [
            <TextField key="key" path={`${at}.key`} cell={`${t(`auth.key.${by}`)} ${i + 1}`} inputMode="tel" maxLength={40} />,
            <DestinationField key="to" path={`${at}.destination`} cell={`${t('ivr.destination')} ${i + 1}`} />,
            <TextField key="prefix" path={`${at}.prefix`} cell={`${t('ivr.prefix')} ${i + 1}`} maxLength={40} />,
          ]}
        />
      </Part>
      <Part title={t('part.greeting')}>
        <RecordingField path="authentication.welcome" label={t('auth.welcome')} none={by === 'pin' ? t('greeting.system') : t('greeting.none')} />
        <RecordingField path="authentication.failed" label={t('auth.failed')} none={t('greeting.none')} />
        <AnnouncementLanguage path="authentication.language" />
      </Part>
      <Part title={t('auth.fallback')}>
        <Otherwise path="authentication.fallback" required />
      </Part>
    </>
  )
}

export function System() {
  const t = useConfigTexts()
  return (
    <Part title={t('part.basic')}>
      <ChoiceField
        path="system.function"
        label={t('system.function')}
        required
        choices={(['numbering-plan', 'voicemail-management', 'record-audio'] as const).map((value) => ({ value, label: t(`system.${value}`) }))}
      />
      <AnnouncementLanguage path="system.language" />
    </Part>
  )
}

export function AI() {
  const t = useConfigTexts()
  const studio = useField<string>('ai.studio').value
  return (
    <>
      <Part title={t('part.basic')}>
        <TextField path="ai.uri" label={t('ai.uri')} placeholder="sip:bot@bots.example" required />
        <div>
          <TextField path="ai.studio" label={t('ai.studio')} inputMode="url" placeholder="https://" />
          {studio?.startsWith('https://') && (
            <Anchor href={studio} target="_blank" rel="noreferrer" size="sm">
              {t('ai.open')} ↗
            </Anchor>
          )}
        </div>
        <AnnouncementLanguage path="ai.language" />
        <NumberField path="ai.answer" label={t('ai.answer')} min={1} max={120} initial={15} />
      </Part>
      <Part title={t('ai.fallback')}>
        <Otherwise path="ai.fallback" help={t('fallback.end')} />
      </Part>
    </>
  )
}

export function Voicemail() {
  const t = useConfigTexts()
  const isNew = useField<number>('id').value === undefined
  return (
    <>
      <Part title={t('part.basic')}>
        <SecretField path="voicemail.pin" label="PIN" help={t(isNew ? 'pin.new' : 'pin.keep')} required={isNew} />
        <DestinationField path="voicemail.user" kind="user" label={t('voicemail.user')} help={t('voicemail.user.help')} />
        <RecordingField path="voicemail.welcome" label={t('voicemail.welcome')} none={t('greeting.system')} />
        <AnnouncementLanguage path="voicemail.language" />
      </Part>
      <Part title={t('privacy.notify')}>
        <TextField path="voicemail.email" label={t('voicemail.email')} inputMode="email" maxLength={254} />
        <TextField path="voicemail.sms" label={t('voicemail.sms')} help={t('voicemail.sms.help')} inputMode="tel" placeholder="+31612345678" />
        <SwitchField path="voicemail.attach_audio" label={t('voicemail.attach')} />
        <SwitchField path="voicemail.delete_mailed" label={t('voicemail.delete')} />
      </Part>
    </>
  )
}

