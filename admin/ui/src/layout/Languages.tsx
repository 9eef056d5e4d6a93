import { languages, useMessages, type Language } from '../messages'
import style from './Languages.module.css'

/** Languages is the choice of the portal's language. */
export function Languages() {
  const { t, language, setLanguage } = useMessages()
  return (
    <div role="group" aria-label={t('app.language')} className={style.languages}>
      {(Object.keys(languages) as Language[]).map((l) => (
        <button key={l} type="button" lang={l} title={languages[l]} aria-pressed={l === language} className={`mantine-focus-auto ${style.language}`} onClick={() => setLanguage(l)}>
          {l.toUpperCase()}
        </button>
      ))}
    </div>
  )
}
