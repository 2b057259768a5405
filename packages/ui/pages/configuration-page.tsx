import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ConfigurationJson, DEFAULT_CONFIGURATION } from '../api/configuration-json.ts'
import { configurationsQuery } from '../api/queries.ts'
import { DeleteConfiguration } from '../configurations/delete-configuration.tsx'
import { Details } from '../parts/details.tsx'
import { JsonEditor } from '../parts/json-editor.tsx'
import { TextLink } from '../parts/links.tsx'
import { Metadata } from '../parts/metadata.tsx'
import { Missing } from '../parts/missing.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Section } from '../parts/section.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/deployment_configs/$name')

/** `/deployment_configs/{name}` */
export function ConfigurationPage() {
  const { name } = route.useParams()
  const query = useQuery(configurationsQuery())
  return (
    <>
      <Trail>
        <TextLink to="/deployment_configs">Deployment configurations</TextLink>
        <span>{name}</span>
      </Trail>
      <QueryView query={query} what="the deployment configuration">
        {all => {
          const configuration = all.find(configuration => configuration.name === name)
          return configuration === undefined ? (
            <Missing what={`deployment configuration ${name}`}>
              It may have been deleted.{' '}
              <TextLink to="/deployment_configs" underline="always">
                All configurations
              </TextLink>
            </Missing>
          ) : (
            <Configuration configuration={configuration} />
          )
        }}
      </QueryView>
    </>
  )
}

function Configuration({ configuration }: { readonly configuration: ConfigurationJson }) {
  const { name, container, deployment, hpa } = configuration
  const navigate = useNavigate()
  const limits = container?.resources?.limits
  const requests = container?.resources?.requests
  return (
    <>
      <PageTitle
        title={name}
        actions={
          name !== DEFAULT_CONFIGURATION && (
            <DeleteConfiguration name={name} onDeleted={() => void navigate({ to: '/deployment_configs' })} />
          )
        }
      />
      <Section title="Details">
        <Details
          rows={[
            ['Replicas', deployment?.replicaCount ?? 1],
            ['Scaled', hpa ? `from ${hpa.minReplicas} to ${hpa.maxReplicas} replicas` : 'no'],
            ['Scaled by CPU', hpa?.cpuUtilization ? `at ${hpa.cpuUtilization} %` : '–'],
            ['CPU', `limit ${limits?.['cpu'] ?? '–'}, request ${requests?.['cpu'] ?? '–'}`],
            ['Memory', `limit ${limits?.['memory'] ?? '–'}, request ${requests?.['memory'] ?? '–'}`],
          ]}
        />
      </Section>
      <Section title="Environment">
        <Metadata
          metadata={container?.env ?? null}
          ifNone="None; servables get the platform's variables alone."
        />
      </Section>
      <Section title="As it is stored">
        <JsonEditor label="Deployment configuration as JSON" value={JSON.stringify(configuration, null, 2)} />
      </Section>
    </>
  )
}
