import { useTexts } from '../../messages'

const en = {
  'empty': 'No SIM cards yet. Add the cards that are handed out to this customer; orders of users with a mobile product take one of them.',
  'empty.own': 'No SIM cards yet. Your reseller adds the cards that you get.',
  'filtered': 'No card is like that.',
  'add': 'New SIM cards',
  'last': 'Last four digits',
  'free': 'Only free cards',
  'card': 'Number (ICCID)',
  'state': 'State',
  'state.free': 'free',
  'state.used': 'in use',
  'state.retired': 'retired: its order has ended',
  'order': 'Order',
  'numbers': 'Numbers of the cards',
  'numbers.help': 'One a line, 18 to 22 digits each, as on the card.',
  'line': 'Line {n}: {why}',
  'sure': 'Take card {card} back? It can be handed out again later.',
  'take': 'Take back',
}

const nl: typeof en = {
  'empty': 'Nog geen simkaarten. Voeg de kaarten toe die deze klant heeft gekregen; bestellingen van gebruikers met een mobiel product nemen er een van.',
  'empty.own': 'Nog geen simkaarten. Uw leverancier voegt de kaarten toe die u krijgt.',
  'filtered': 'Zo’n kaart is er niet.',
  'add': 'Nieuwe simkaarten',
  'last': 'Laatste vier cijfers',
  'free': 'Alleen vrije kaarten',
  'card': 'Nummer (ICCID)',
  'state': 'Toestand',
  'state.free': 'vrij',
  'state.used': 'in gebruik',
  'state.retired': 'afgedankt: de bestelling is geëindigd',
  'order': 'Bestelling',
  'numbers': 'Nummers van de kaarten',
  'numbers.help': 'Eén per regel, elk 18 tot 22 cijfers, zoals op de kaart.',
  'line': 'Regel {n}: {why}',
  'sure': 'Kaart {card} terugnemen? Ze kan later weer worden uitgegeven.',
  'take': 'Terugnemen',
}

const texts = { en, nl }

export const useSimTexts = () => useTexts(texts)
