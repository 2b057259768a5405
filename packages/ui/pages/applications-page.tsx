import { useQuery } from '@tanstack/react-query'
import { applicationsQuery } from '../api/queries.ts'
import { useVersionsById } from '../models/use-version.ts'
import { versionName } from '../models/version-names.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { ButtonLink, TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'

/** `/applications` */
export function ApplicationsPage() {
  const query = useQuery(applicationsQuery())
  const versions = useVersionsById()
  const nameOf = (id: number): string => {
    const version = versions.get(id)
    return version === undefined ? `version ${id}` : versionName(version)
  }
  return (
    <>
      <PageTitle
        title="Applications"
        actions={<ButtonLink to="/new/application">Create application</ButtonLink>}
      />
      <QueryView query={query} what="the applications">
        {applications =>
          applications.length === 0 ? (
            <Empty title="There are no applications yet.">
              An application makes released versions answer under one name. Create the first here, or with{' '}
              <code>millrace apply -f application.yaml</code>.
            </Empty>
          ) : (
            <DataTable
              caption="Applications"
              rows={applications.toSorted((a, b) => a.name.localeCompare(b.name))}
              keyOf={({ name }) => name}
              columns={[
                {
                  title: 'Application',
                  cell: ({ name }) => (
                    <TextLink to="/applications/$name" params={{ name }}>
                      {name}
                    </TextLink>
                  ),
                },
                {
                  title: 'Status',
                  cell: ({ status, message }) => <StatusBadge status={status} message={message} />,
                },
                {
                  title: 'Stages',
                  cell: ({ executionGraph }) =>
                    executionGraph.stages
                      .map(({ modelVariants }) =>
                        modelVariants.map(({ modelVersionId }) => nameOf(modelVersionId)).join(' + '),
                      )
                      .join(' → '),
                },
              ]}
            />
          )
        }
      </QueryView>
    </>
  )
}
