import { Badge, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { deleteModel } from '../api/commands.ts'
import type { VersionJson } from '../api/model-json.ts'
import { modelsQuery, versionsQuery } from '../api/queries.ts'
import { ApplicationLinks } from '../applications/application-links.tsx'
import { runtimeName, versionStatus } from '../models/version-names.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Empty } from '../parts/empty.tsx'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/models/$name')

/** `/models/{name}`: all versions of a model. */
export function ModelPage() {
  const { name } = route.useParams()
  const models = useQuery(modelsQuery())
  const versions = useQuery(versionsQuery())
  const navigate = useNavigate()
  const model = models.data?.find(model => model.name === name)
  return (
    <>
      <Trail>
        <TextLink to="/models">Models</TextLink>
        <span>{name}</span>
      </Trail>
      <PageTitle
        title={name}
        actions={
          model && (
            <DeleteButton
              what={`model ${name}`}
              consequence="All its versions go with it. It is refused while an application or a servable uses one."
              onDelete={() => deleteModel(model.id)}
              onDeleted={() => void navigate({ to: '/models' })}
            />
          )
        }
      />
      <QueryView query={versions} what="the versions">
        {all => {
          const own = all.filter(({ model }) => model.name === name)
          if (own.length === 0) {
            return (
              <Empty title={`There is no model ${name}.`}>
                It may have been deleted.{' '}
                <TextLink to="/models" underline="always">
                  All models
                </TextLink>
              </Empty>
            )
          }
          return <Versions versions={own.toSorted((a, b) => b.modelVersion - a.modelVersion)} />
        }}
      </QueryView>
    </>
  )
}

function Versions({ versions }: { readonly versions: readonly VersionJson[] }) {
  return (
    <DataTable
      caption="Versions"
      rows={versions}
      keyOf={({ id }) => String(id)}
      columns={[
        {
          title: 'Version',
          cell: ({ model, modelVersion, isExternal }) => (
            <Group gap="xs" wrap="nowrap">
              <TextLink
                to="/models/$name/$version"
                params={{ name: model.name, version: String(modelVersion) }}
                aria-label={`${model.name}:${modelVersion}`}
              >
                {modelVersion}
              </TextLink>
              {isExternal && (
                <Badge
                  variant="light"
                  color="gray"
                  tt="none"
                  title="It runs elsewhere, and is only watched here"
                >
                  ext.
                </Badge>
              )}
            </Group>
          ),
        },
        {
          title: 'Status',
          cell: version => (
            <StatusBadge status={versionStatus(version)} message={version.statusMessage ?? null} />
          ),
        },
        { title: 'Runtime', cell: version => <span className="mono">{runtimeName(version)}</span> },
        { title: 'Created', cell: ({ created }) => <RelativeTime time={created} /> },
        { title: 'Applications', cell: ({ applications }) => <ApplicationLinks names={applications} /> },
      ]}
    />
  )
}
