import { Stack, Text } from '@mantine/core'
import { ChoiceField, TextField, type FieldProps } from '../../../forms/fields/basic'
import { DestinationField } from '../../../forms/fields/Destination'
import { TimeField } from '../../../forms/fields/Time'
import { Rows } from '../../../forms/fields/Rows'
import { label } from '../../../forms/labels'
import { useMessages } from '../../../messages'
import { useConfigTexts } from '../../../messages/config'
import { Part } from './Part'
import { Pair } from './shared'

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

function DayField(p: FieldProps) {
  const t = useConfigTexts()
  return (
    <div style={{ width: 120 }}>
      <ChoiceField {...p} required choices={days.map((value) => ({ value, label: t(`day.${value}`) }))} />
    </div>
  )
}

export function TimeBased() {
  const t = useConfigTexts()
  const { language } = useMessages()
  return (
    <>
      <Part title={t('time.days')} wide>
        <Text size="sm" c="dimmed">
          {t('time.help')}
        </Text>
        <Rows
          path="time.periods"
          order
          titles={[t('time.from'), t('time.to'), t('time.destination')]}
          add={t('time.add')}
          empty={t('time.empty')}
          fresh={{ start_day: 'monday', end_day: 'friday', start_time: '09:00', end_time: '17:00' }}
          row={(at, i) => [
            <Pair key="from">
              <DayField path={`${at}.start_day`} cell={`${t('time.from')} ${i + 1}`} />
              <TimeField path={`${at}.start_time`} cell={`${t('time.from')} ${i + 1}`} />
            </Pair>,
            <Pair key="to">
              <DayField path={`${at}.end_day`} cell={`${t('time.to')} ${i + 1}`} />
              <TimeField path={`${at}.end_time`} cell={`${t('time.to')} ${i + 1}`} />
            </Pair>,
            <Stack key="to" gap={4} miw={200}>
              <DestinationField path={`${at}.destination`} cell={`${t('time.destination')} ${i + 1}`} />
              <TextField path={`${at}.description`} cell={`${label('description', language)} ${i + 1}`} placeholder={label('description', language)} maxLength={200} />
            </Stack>,
          ]}
        />
      </Part>
      <Part title={t('part.else')}>
        <DestinationField path="time.failover" label={t('time.failover')} required />
      </Part>
    </>
  )
}
