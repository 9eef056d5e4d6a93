const en = {
  empty: 'No users yet. Make an extension of the kind user for everybody who has a phone.',
  none: 'Nobody is like that.',
  status: 'Status',
  devices: 'Phones',
  queues: 'Queues',
  forward: 'Forwarded to {where}',
  search: 'Name or number',
  linked: 'linked',
  'queue.in': 'Logged in to queue {queue} {name}',
  'queue.out': 'Logged out of queue {queue} {name}',
  'queue.paused': 'Pausing in queue {queue} {name}',
  'phone.on': '{phone}: registered',
  'phone.off': '{phone}: not registered',
  'no.phone': 'no phone',
}

const nl: typeof en = {
  empty: 'Nog geen gebruikers. Maak een toestel van de soort gebruiker voor iedereen met een telefoon.',
  none: 'Zo is er niemand.',
  status: 'Status',
  devices: 'Telefoons',
  queues: 'Wachtrijen',
  forward: 'Doorgeschakeld naar {where}',
  search: 'Naam of nummer',
  linked: 'gekoppeld',
  'queue.in': 'Ingelogd op wachtrij {queue} {name}',
  'queue.out': 'Uitgelogd van wachtrij {queue} {name}',
  'queue.paused': 'Pauze op wachtrij {queue} {name}',
  'phone.on': '{phone}: geregistreerd',
  'phone.off': '{phone}: niet geregistreerd',
  'no.phone': 'geen telefoon',
}

export const userTexts = { en, nl }
