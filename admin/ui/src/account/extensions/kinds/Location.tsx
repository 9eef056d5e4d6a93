import { ChoiceField, NumberField } from '../../../forms/fields/basic'
import { RecordingField } from '../../../forms/fields/choices'
import { useField } from '../../../forms/fields/Form'
import { useConfigTexts } from '../../../messages/config'
import { LocationTable } from './LocationTable'
import { Part } from './Part'
import { AnnouncementLanguage, Otherwise } from './shared'

export function Location() {
  const t = useConfigTexts()
  const by = useField<string>('location.by').value
  return (
    <>
      <Part title={t('part.basic')}>
        <ChoiceField
          path="location.by"
          label={t('location.by')}
          required
          choices={(['area_code', 'postcode', 'caller', 'called'] as const).map((value) => ({ value, label: t(`location.${value}`) }))}
        />
        {by === 'postcode' && (
          <>
            <RecordingField path="location.announcement" none={t('greeting.system')} />
            <AnnouncementLanguage path="location.language" />
            <NumberField path="location.tries" label={t('ivr.tries')} min={1} max={20} initial={3} />
          </>
        )}
      </Part>
      <LocationTable />
      <Part title={t('part.else')}>
        <Otherwise path="location.fallback" title={t('location.fallback')} required />
        <Otherwise path="location.mobile" title={t('location.mobile')} help={t('location.same')} />
        <Otherwise path="location.blocked" title={t('location.blocked')} help={t('location.same')} />
      </Part>
    </>
  )
}

