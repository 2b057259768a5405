import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { deleteServable } from '../api/commands.ts'
import { DEFAULT_CONFIGURATION } from '../api/configuration-json.ts'
import { servablesQuery } from '../api/queries.ts'
import type { ServableJson } from '../api/servable-json.ts'
import { useVersionsById } from '../models/use-version.ts'
import { VersionLink } from '../models/version-link.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Empty } from '../parts/empty.tsx'
import { TextLink } from '../parts/links.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'

/** Servables: those of one version, or all. */
export function ServableTable({ versionId }: { readonly versionId?: number }) {
  const query = useQuery(servablesQuery())
  const versions = useVersionsById()
  const versionColumn: Column<ServableJson> = {
    title: 'Version',
    cell: ({ modelVersionId }) => <VersionLink version={versions.get(modelVersionId)} id={modelVersionId} />,
  }
  return (
    <QueryView query={query} what="the servables">
      {all => {
        const own =
          versionId === undefined ? all : all.filter(({ modelVersionId }) => modelVersionId === versionId)
        if (own.length === 0) {
          return (
            <Empty title={versionId === undefined ? 'Nothing runs yet.' : 'This version does not run.'}>
              An application starts the servables that it needs; a released version is deployed alone by its
              page.
            </Empty>
          )
        }
        return (
          <DataTable
            caption="Servables"
            rows={own.toSorted((a, b) => a.fullName.localeCompare(b.fullName))}
            keyOf={({ fullName }) => fullName}
            columns={[nameColumn, ...(versionId === undefined ? [versionColumn] : []), ...columns]}
          />
        )
      }}
    </QueryView>
  )
}

const nameColumn: Column<ServableJson> = {
  title: 'Servable',
  cell: ({ fullName }) => (
    <TextLink to="/servables/$fullName" params={{ fullName }}>
      {fullName}
    </TextLink>
  ),
}

const columns: readonly Column<ServableJson>[] = [
  {
    title: 'Configuration',
    cell: ({ deploymentConfigurationName }) => {
      const name = deploymentConfigurationName ?? DEFAULT_CONFIGURATION
      return (
        <TextLink to="/deployment_configs/$name" params={{ name }}>
          {name === DEFAULT_CONFIGURATION ? 'default' : name}
        </TextLink>
      )
    },
  },
  { title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  { title: 'Message', cell: ({ statusMessage }) => <Text size="sm">{statusMessage ?? '–'}</Text> },
  { title: 'Actions', cell: ({ fullName }) => <DeleteServable fullName={fullName} /> },
]

function DeleteServable({ fullName }: { readonly fullName: string }) {
  return (
    <DeleteButton
      size="xs"
      what={`servable ${fullName}`}
      consequence="It stops. It is refused while an application or a metric uses it."
      onDelete={() => deleteServable(fullName)}
    />
  )
}
