import { useTexts } from '..'

const en = {
  'title': 'Search',
  'placeholder': 'Customer, user, extension or number',
  'help': 'Customers by the begin of their name, numbers by their begin. In a customer you have open also users and other extensions, and any part of a number.',
  'none': 'Nothing was found.',
  'account': 'Customer',
  'number': 'Number',
  'of': 'of {user}',
}

const nl: typeof en = {
  'title': 'Zoeken',
  'placeholder': 'Klant, gebruiker, toestel of nummer',
  'help': 'Klanten op het begin van hun naam, nummers op hun begin. In een klant die u open hebt ook gebruikers en andere toestellen, en elk deel van een nummer.',
  'none': 'Er is niets gevonden.',
  'account': 'Klant',
  'number': 'Nummer',
  'of': 'van {user}',
}

const texts = { en, nl }

export const useSearchTexts = () => useTexts(texts)
