import { NumberField, TextField } from '../../../forms/fields/basic'
import { RecordingField } from '../../../forms/fields/choices'
import { DestinationField } from '../../../forms/fields/Destination'
import { Rows } from '../../../forms/fields/Rows'
import { useConfigTexts } from '../../../messages/config'
import { Part } from './Part'
import { AnnouncementLanguage, Otherwise } from './shared'

export function IVR() {
  const t = useConfigTexts()
  return (
    <>
      <Part title={t('part.greeting')}>
        <RecordingField path="ivr.announcement" none={t('greeting.system')} />
        <AnnouncementLanguage path="ivr.language" />
        <NumberField path="ivr.tries" label={t('ivr.tries')} help={t('ivr.tries.help')} min={1} max={20} initial={3} />
        <NumberField path="ivr.max_digits" label={t('ivr.max')} min={1} max={6} initial={1} />
        <NumberField path="ivr.first_digit" label={t('ivr.first')} min={0.1} max={600} initial={5} decimals />
        <NumberField path="ivr.inter_digit" label={t('ivr.inter')} min={0.1} max={600} initial={3} decimals />
      </Part>
      <Part title={t('part.choices')} wide>
        <Rows
          path="ivr.options"
          titles={[t('ivr.digits'), t('ivr.destination'), t('ivr.prefix')]}
          add={t('ivr.add')}
          empty={t('ivr.empty')}
          row={(at, i) => [
            <div key="digits" style={{ width: 90 }}>
              <TextField path={`${at}.digits`} cell={`${t('ivr.digits')} ${i + 1}`} inputMode="tel" maxLength={6} />
            </div>,
            <DestinationField key="to" path={`${at}.destination`} cell={`${t('ivr.destination')} ${i + 1}`} />,
            <TextField key="prefix" path={`${at}.prefix`} cell={`${t('ivr.prefix')} ${i + 1}`} maxLength={40} />,
          ]}
        />
      </Part>
      <Part title={t('part.else')}>
        <Otherwise path="ivr.fallback" help={t('fallback.end')} />
      </Part>
    </>
  )
}
