import { Badge, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import type { FieldJson, SignatureJson } from '../api/signature-json.ts'
import { shapeText } from '../format/shape-text.ts'
import { DataTable } from './data-table.tsx'

interface Row {
  readonly path: string
  readonly field: FieldJson
}

export interface SignatureViewProps {
  readonly signature: SignatureJson
  /** Makes a link of a field's name, where there is a page for it. */
  readonly linkOf?: (name: string) => ReactNode
}

/** Inputs and outputs with their types and shapes. */
export function SignatureView({ signature, linkOf }: SignatureViewProps) {
  const columns = [
    {
      title: 'Field',
      cell: ({ path, field }: Row) => (
        <span className="mono">{path === field.name ? (linkOf?.(path) ?? path) : path}</span>
      ),
    },
    {
      title: 'Type',
      cell: ({ field }: Row) => (
        <span className="mono">{'subfields' in field ? 'group of fields' : field.dtype}</span>
      ),
    },
    { title: 'Shape', cell: ({ field }: Row) => <span className="mono">{shapeText(field.shape)}</span> },
    { title: 'Profile', cell: ({ field }: Row) => <Profile field={field} /> },
  ]
  return (
    <Stack gap="md">
      {(['inputs', 'outputs'] as const).map(side => (
        <DataTable
          key={side}
          caption={`${side === 'inputs' ? 'Inputs' : 'Outputs'} of ${signature.signatureName}`}
          columns={[{ ...columns[0]!, title: side === 'inputs' ? 'Input' : 'Output' }, ...columns.slice(1)]}
          rows={rowsOf(signature[side])}
          keyOf={({ path }) => path}
        />
      ))}
    </Stack>
  )
}

function Profile({ field }: { readonly field: FieldJson }) {
  if ('subfields' in field) return null
  const { profile } = field
  if (profile === null || profile === undefined || profile === 'NONE') return <span>–</span>
  return (
    <Badge variant="light" color="gray" tt="none">
      {profile.toLowerCase()}
    </Badge>
  )
}

/** Groups, and behind each the fields in it. */
function rowsOf(fields: readonly FieldJson[], prefix = ''): readonly Row[] {
  return fields.flatMap(field => {
    const path = prefix + field.name
    return [{ path, field }, ...('subfields' in field ? rowsOf(field.subfields, `${path}.`) : [])]
  })
}
