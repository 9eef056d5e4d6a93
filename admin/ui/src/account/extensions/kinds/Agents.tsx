import { Fields, useField, useForm } from '../../../forms/fields/Form'
import { DestinationsField } from '../../../forms/fields/Destination'
import type { FieldProps } from '../../../forms/fields/basic'
import type { Schemas } from '../../../api/client'

type Member = Schemas['QueueMember']

/** AgentsField are the members of a queue by their numbers; what else is set of one stays. */
export function AgentsField(p: FieldProps) {
  const form = useForm()
  const f = useField<Member[]>(p.path)
  const members = f.value ?? []
  const shown = { numbers: members.map((m) => m.extension) }
  const errors = Object.fromEntries(Object.entries(form.errors).map(([k, v]) => [k.replace(`${p.path}[`, 'numbers[').replace(/\.extension$/, ''), v]))
  return (
    <Fields
      value={shown}
      errors={errors}
      setValue={(change) => f.set(((change(shown).numbers as string[] | undefined) ?? []).map((extension) => members.find((m) => m.extension === extension) ?? ({ extension } as Member)))}
    >
      <DestinationsField {...p} path="numbers" inside max={1000} />
    </Fields>
  )
}
