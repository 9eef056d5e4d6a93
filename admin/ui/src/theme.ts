import { createTheme, type MantineThemeOverride } from '@mantine/core'
import type { Translate } from './messages'

/** themeIn is how components look, and what those of their buttons are called that have no text. */
export function themeIn(t: Translate): MantineThemeOverride {
  const close = { closeButtonProps: { 'aria-label': t('app.close') } }
  return createTheme({
    primaryColor: 'teal',
    primaryShade: 9,
    defaultRadius: 'md',
    autoContrast: true,
    respectReducedMotion: true,
    components: {
      // Below what is filled in: so fields beside each other are in line, whether they have a hint or not.
      InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'error', 'description'] } },
      Drawer: { defaultProps: close },
      Modal: { defaultProps: close },
      PasswordInput: { defaultProps: { visibilityToggleButtonProps: { 'aria-label': t('app.reveal') } } },
    },
  })
}
