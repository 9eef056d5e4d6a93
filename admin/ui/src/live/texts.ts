const en = {
  live: 'Live',
  connecting: 'Connecting…',
  waiting: 'Connection lost, trying again…',
  ended: 'Logged out',
  idle: 'Free',
  ringing: 'Ringing',
  busy: 'In a call',
  unknown: 'Not known',
  offline: 'No phone registered',
  registered: 'Registered',
  unregistered: 'Not registered',
}

const nl: typeof en = {
  live: 'Live',
  connecting: 'Verbinden…',
  waiting: 'Verbinding verbroken, nieuwe poging…',
  ended: 'Uitgelogd',
  idle: 'Vrij',
  ringing: 'Gaat over',
  busy: 'In gesprek',
  unknown: 'Onbekend',
  offline: 'Geen telefoon geregistreerd',
  registered: 'Geregistreerd',
  unregistered: 'Niet geregistreerd',
}

export const liveTexts = { en, nl }
