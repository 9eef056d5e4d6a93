import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { en, type Messages } from './en'
import { nl } from './nl'

export const languages = { en: 'English', nl: 'Nederlands' } as const
export type Language = keyof typeof languages

const catalogue: Record<Language, Messages> = { en, nl }
const storageKey = 'callplane.language'

type Values = Record<string, string | number>
export type Translate = (key: keyof Messages, values?: Values) => string

function fill(text: string, values?: Values): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values?.[name] ?? ''))
}

const Context = createContext<{ language: Language; setLanguage: (l: Language) => void; t: Translate } | null>(null)

function initial(): Language {
  const kept = localStorage.getItem(storageKey)
  const wish = kept ?? navigator.language.slice(0, 2)
  return wish in catalogue ? (wish as Language) : 'en'
}

/** MessagesProvider gives every text in the language that somebody chose, at first the browser's. */
export function MessagesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(initial)
  useEffect(() => {
    localStorage.setItem(storageKey, language)
    document.documentElement.lang = language
  }, [language])
  const value = useMemo(() => {
    const t: Translate = (key, values) => fill(catalogue[language][key], values)
    return { language, setLanguage, t }
  }, [language])
  return <Context value={value}>{children}</Context>
}

export function useMessages() {
  const c = useContext(Context)
  if (!c) throw new Error('useMessages outside of MessagesProvider')
  return c
}

/** useTexts gives the texts of one part of the portal, which come with it and not with the first screen: texts has the same keys in each language. */
export function useTexts<T extends Record<string, string>>(texts: Record<Language, T>) {
  const { language } = useMessages()
  return useMemo(() => (key: keyof T, values?: Values) => fill(texts[language][key]!, values), [texts, language])
}
