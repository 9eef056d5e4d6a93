import type { ComponentType } from 'react'
import type { Kind } from '../../../forms/fields/extensions'
import { Group } from './Group'
import { IVR } from './IVR'
import { Location } from './Location'
import { Queue } from './Queue'
import { AI, Authentication, AutoAnswer, Forward, Limit, Picker, System, Voicemail } from './simple'
import { TimeBased } from './TimeBased'
import { User } from './User'

/** kindForms are the forms of what an extension can be. */
export const kindForms: Record<Kind, ComponentType> = {
  user: User,
  group: Group,
  ivr: IVR,
  queue: Queue,
  voicemail: Voicemail,
  time: TimeBased,
  location: Location,
  forward: Forward,
  auto_answer: AutoAnswer,
  limit: Limit,
  authentication: Authentication,
  picker: Picker,
  ai: AI,
  system: System,
}
