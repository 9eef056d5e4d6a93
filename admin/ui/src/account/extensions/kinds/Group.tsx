import { EitherField, NumberField, SwitchField } from '../../../forms/fields/basic'
import { DestinationsField } from '../../../forms/fields/Destination'
import { useConfigTexts } from '../../../messages/config'
import { Part } from './Part'
import { Privacy } from './shared'

export function Group() {
  const t = useConfigTexts()
  return (
    <>
      <Part title={t('part.who')} wide>
        <DestinationsField path="group.members" kind="user" label={t('members')} help={t('members.help')} max={500} />
        <SwitchField path="group.allow_member_forwards" label={t('group.allow')} />
      </Part>
      <Part title={t('part.forwards')}>
        {(['always', 'busy', 'no_answer'] as const).map((f) => (
          <DestinationsField key={f} path={`group.forwards.${f}`} label={t(`forwards.${f}`)} max={10} />
        ))}
        <NumberField path="group.forward_after" label={t('group.after')} help={t('group.after.help')} min={0} max={3600} initial={0} />
        <EitherField
          path="group.forward_caller_id"
          label={t('group.show')}
          initial="calling"
          choices={(['calling', 'called'] as const).map((value) => ({ value, label: t(`caller.${value}`) }))}
        />
      </Part>
      <Privacy path="group.privacy" rights={['pickup', 'notify']} />
    </>
  )
}
