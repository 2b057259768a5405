import { Alert, Group } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import type { VersionJson } from '../api/model-json.ts'
import { ApplicationLinks } from '../applications/application-links.tsx'
import { BuildLog } from '../models/build-log.tsx'
import { DeployForm } from '../models/deploy-form.tsx'
import { NoVersion } from '../models/no-version.tsx'
import { useVersion } from '../models/use-version.ts'
import { runtimeName, versionStatus } from '../models/version-names.ts'
import { Details } from '../parts/details.tsx'
import { ButtonLink, TextLink } from '../parts/links.tsx'
import { Metadata } from '../parts/metadata.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { Section } from '../parts/section.tsx'
import { SignatureView } from '../parts/signature-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Trail } from '../parts/trail.tsx'
import { ServableTable } from '../servables/servable-table.tsx'

const route = getRouteApi('/models/$name/$version')

/** `/models/{name}/{version}` */
export function VersionPage() {
  const params = route.useParams()
  const { name, version } = params
  const query = useVersion(name, version)
  return (
    <>
      <Trail>
        <TextLink to="/models">Models</TextLink>
        <TextLink to="/models/$name" params={{ name }}>
          {name}
        </TextLink>
        <span>{version}</span>
      </Trail>
      <QueryView query={query} what="the version">
        {({ version: found }) =>
          found === undefined ? <NoVersion {...params} /> : <Version key={found.id} version={found} />
        }
      </QueryView>
    </>
  )
}

function Version({ version }: { readonly version: VersionJson }) {
  const { id, model, modelVersion, applications, isExternal, statusMessage, status } = version
  const place = { name: model.name, version: String(modelVersion) }
  return (
    <>
      <PageTitle
        title={`${model.name}:${modelVersion}`}
        aside={<StatusBadge status={versionStatus(version)} message={statusMessage ?? null} />}
        actions={
          <>
            <ButtonLink variant="default" to="/models/$name/$version/monitoring" params={place}>
              Monitoring
            </ButtonLink>
            {status === 'Released' && !isExternal && (
              <ButtonLink to="/new/application" search={{ version: id }}>
                Create application
              </ButtonLink>
            )}
          </>
        }
      />
      {status === 'Failed' && (
        <Alert color="red" title="The build failed" mb="md">
          {statusMessage ?? 'Its log says why.'}
        </Alert>
      )}
      <Section title="Details">
        <Details
          rows={[
            ['Created', <RelativeTime key="created" time={version.created} />],
            ['Finished', <RelativeTime key="finished" time={version.finished} />],
            [
              'Runtime',
              <span key="runtime" className="mono">
                {runtimeName(version)}
              </span>,
            ],
            ['Monitored in batches of', version.monitoringConfiguration?.batchSize ?? '–'],
            ['Applications', <ApplicationLinks key="applications" names={applications} />],
          ]}
        />
      </Section>
      {!isExternal && <BuildLog versionId={id} isBuilding={status === 'Assembling'} />}
      <Section title="Signature">
        <SignatureView
          signature={version.modelSignature}
          linkOf={field => (
            <TextLink
              to="/models/$name/$version/profile/$field"
              params={{ ...place, field }}
              title="Training and production profile"
            >
              {field}
            </TextLink>
          )}
        />
      </Section>
      {!isExternal && (
        <Section
          title="Servables"
          actions={<Group>{status === 'Released' && <DeployForm version={version} />}</Group>}
        >
          <ServableTable versionId={id} />
        </Section>
      )}
      <Section title="Metadata">
        <Metadata metadata={version.metadata} />
      </Section>
    </>
  )
}
