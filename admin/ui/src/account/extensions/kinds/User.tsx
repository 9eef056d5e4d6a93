import { ChoiceField, NumberField, SecretField, SwitchField, TextField } from '../../../forms/fields/basic'
import { OwnNumberField } from '../../../forms/fields/choices'
import { DestinationsField } from '../../../forms/fields/Destination'
import { useConfigTexts } from '../../../messages/config'
import { Part } from './Part'
import { AnnouncementLanguage, GroupChoice, Privacy } from './shared'

const rights = ['time_configuration', 'twinning', 'record_inbound', 'record_outbound', 'parking'] as const
const forwards = ['always', 'busy', 'no_answer', 'unreachable', 'rejected'] as const

export function User() {
  const t = useConfigTexts()
  return (
    <>
      <Part title={t('part.basic')}>
        <SecretField path="user.pin" label="PIN" help={t('pin.user')} />
        <AnnouncementLanguage path="user.language" />
        <TextField path="user.area_code" inputMode="numeric" placeholder={t('language.account')} />
        <SwitchField path="user.offer_second_call" />
      </Part>
      <Part title={t('part.calls')}>
        <OwnNumberField path="user.caller_id" none={t('caller.account')} />
        <OwnNumberField path="user.emergency_caller_id" none={t('caller.account')} />
      </Part>
      <Part title={t('part.forwards')}>
        {forwards.map((f) => (
          <DestinationsField key={f} path={`user.forwards.${f}`} label={t(`forwards.${f}`)} max={10} />
        ))}
        <NumberField path="user.ring_timeout" label={t('ring_timeout')} help={t('ring_timeout.help')} min={0} max={3600} initial={0} />
      </Part>
      <Part title={t('part.rights')}>
        {rights.map((r) => (
          <SwitchField key={r} path={`user.permissions.${r}`} label={t(`right.${r}`)} />
        ))}
      </Part>
      <Privacy path="user.privacy" rights={['pickup', 'park_retrieve', 'blf', 'listen', 'notify']} />
      <Part title={t('part.mailbox')}>
        <SecretField path="user.voicemail.pin" label="PIN" help={t('pin.keep')} />
        <ChoiceField
          path="user.voicemail.ask"
          label={t('ask')}
          initial="untrusted"
          choices={(['untrusted', 'always', 'never'] as const).map((value) => ({ value, label: t(`ask.${value}`) }))}
        />
        <GroupChoice path="user.assistant_group" label={t('assistant')} help={t('assistant.help')} none={t('assistant.none')} />
      </Part>
    </>
  )
}
