import { useTexts } from '..'

const en = {
  'login-status': 'Hear who is logged in at the phone',
  'login': 'Log in at the phone',
  'logout': 'Log out',
  'queue-login': 'Log in to a queue',
  'queue-logout': 'Log out of a queue',
  'record-audio': 'Record audio for menus and queues',
  'listen-in': 'Listen in on a conversation, followed by the extension',
  'change-pin': 'Change the PIN',
  'record-call': 'Record a conversation, followed by the extension',
  'switch-device': 'Take a conversation over to another phone',
  'forwarding': 'Set forwarding',
  'numbering-plan': 'Change the active numbering plan',
  'voicemail-management': 'Manage voicemail boxes',
  'retrieve-parked': 'Retrieve a parked call, followed by the line',
  'assistant': 'Set assistants',
  'personal-voicemail': 'Hear the own voicemail',
}

const nl: typeof en = {
  'login-status': 'Horen wie op de telefoon is aangemeld',
  'login': 'Aanmelden op de telefoon',
  'logout': 'Afmelden',
  'queue-login': 'Aanmelden bij een wachtrij',
  'queue-logout': 'Afmelden bij een wachtrij',
  'record-audio': 'Audio opnemen voor menu’s en wachtrijen',
  'listen-in': 'Meeluisteren met een gesprek, gevolgd door het toestel',
  'change-pin': 'Pincode wijzigen',
  'record-call': 'Een gesprek opnemen, gevolgd door het toestel',
  'switch-device': 'Een gesprek op een andere telefoon voortzetten',
  'forwarding': 'Doorschakelen instellen',
  'numbering-plan': 'Het actieve nummerplan wijzigen',
  'voicemail-management': 'Voicemail beheren',
  'retrieve-parked': 'Een geparkeerd gesprek ophalen, gevolgd door de lijn',
  'assistant': 'Assistenten instellen',
  'personal-voicemail': 'De eigen voicemail horen',
}

const texts = { en, nl }

export const useSystemTexts = () => useTexts(texts)
