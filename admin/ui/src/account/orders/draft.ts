import type { Schemas } from '../../api/client'
import type { Product } from './useOrders'

/** Draft is an order while it is filled in. */
export type Draft = {
  portfolio: string
  product: string
  data: string
  sms: string
  addOns: string[]
  start: string
  reference: string
  months: number
  existing: boolean
  number: string
  next: boolean
  extension: Schemas['OrderExtension']
  subscriber: Schemas['OrderSubscriber']
  simNow: boolean
  sim: string
  numberType: '' | 'new' | 'ported'
  phoneNumber: string
  billing: boolean
}

export function blank(start: string, portfolio: string): Draft {
  return {
    portfolio, product: '', data: '', sms: '', addOns: [], start, reference: '', months: 0, existing: false, number: '', next: true, extension: {}, subscriber: {},
    simNow: true, sim: '', numberType: '', phoneNumber: '', billing: true,
  }
}

/** again is the next order of the same kind: what belongs to one extension only is empty. */
export function again(d: Draft): Draft {
  return { ...d, number: '', next: true, existing: false, extension: { ...d.extension, existing: undefined, number: undefined, name: undefined, pin: undefined }, subscriber: {}, sim: '', numberType: '', phoneNumber: '' }
}

export type Step = 'product' | 'subscription' | 'addons' | 'extension' | 'sim' | 'confirm'

/** stepsOf are the steps of the wizard: users with a SIM have more of them. */
export function stepsOf(product: Product | undefined): Step[] {
  return product?.mobile ? ['product', 'subscription', 'addons', 'extension', 'sim', 'confirm'] : ['product', 'addons', 'extension', 'confirm']
}

/** stepOf is where a field of the API is filled in. */
export function stepOf(field: string): Step {
  if (field.startsWith('extension') || field.startsWith('subscriber')) return 'extension'
  if (field.startsWith('add_ons')) return 'addons'
  if (field === 'data' || field === 'sms') return 'subscription'
  if (['sim', 'number_type', 'phone_number'].includes(field)) return 'sim'
  if (field === 'billing') return 'confirm'
  return 'product'
}

/** bodyOf is the order as the API takes it. */
export function bodyOf(d: Draft, product: Product | undefined): Schemas['OrderInput'] {
  const mobile = !!product?.mobile
  const user = product?.type === 'user'
  const filled = Object.fromEntries(Object.entries(d.extension).filter(([, v]) => v !== '' && v !== undefined))
  return {
    portfolio: d.portfolio,
    product: d.product,
    add_ons: d.addOns,
    start: d.start,
    reference: d.reference,
    extension: d.existing ? { existing: d.number } : { ...filled, ...(d.next ? {} : { number: d.number }) },
    billing: d.billing,
    ...(user ? { subscriber: d.subscriber } : {}),
    ...(mobile ? { data: d.data, sms: d.sms, contract_months: d.months as 0, sim: d.simNow ? d.sim : '', number_type: d.numberType, phone_number: d.phoneNumber } : {}),
  }
}
