import { useQuery } from '@tanstack/react-query'
import { type ConfigurationJson, DEFAULT_CONFIGURATION } from '../api/configuration-json.ts'
import { configurationsQuery } from '../api/queries.ts'
import { DeleteConfiguration } from '../configurations/delete-configuration.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { ButtonLink, TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'

/** `/deployment_configs`: how servables may run. */
export function ConfigurationsPage() {
  const query = useQuery(configurationsQuery())
  return (
    <>
      <PageTitle
        title="Deployment configurations"
        actions={<ButtonLink to="/new/deployment_config">Create configuration</ButtonLink>}
      />
      <QueryView query={query} what="the deployment configurations">
        {configurations => <Configurations configurations={configurations} />}
      </QueryView>
    </>
  )
}

function Configurations({ configurations }: { readonly configurations: readonly ConfigurationJson[] }) {
  return (
    <DataTable
      caption="Deployment configurations"
      rows={configurations}
      keyOf={({ name }) => name}
      columns={[
        {
          title: 'Name',
          cell: ({ name }) => (
            <TextLink to="/deployment_configs/$name" params={{ name }}>
              {name}
            </TextLink>
          ),
        },
        { title: 'Replicas', cell: replicasOf },
        { title: 'CPU', cell: ({ container }) => container?.resources?.limits?.['cpu'] ?? '–' },
        { title: 'Memory', cell: ({ container }) => container?.resources?.limits?.['memory'] ?? '–' },
        {
          title: 'Actions',
          cell: ({ name }) =>
            name === DEFAULT_CONFIGURATION ? 'always there' : <DeleteConfiguration size="xs" name={name} />,
        },
      ]}
    />
  )
}

function replicasOf({ deployment, hpa }: ConfigurationJson): string {
  if (hpa !== null && hpa !== undefined) return `${hpa.minReplicas}–${hpa.maxReplicas}`
  return String(deployment?.replicaCount ?? 1)
}
