import { useTexts } from '..'
import { en } from './en'
import { nl } from './nl'

const texts = { en, nl }

export const useConfigTexts = () => useTexts(texts)
