import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { deleteServable } from '../api/commands.ts'
import { servablesQuery } from '../api/queries.ts'
import type { ServableJson } from '../api/servable-json.ts'
import { useVersionsById } from '../models/use-version.ts'
import { VersionLink } from '../models/version-link.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Details } from '../parts/details.tsx'
import { TextLink } from '../parts/links.tsx'
import { LogView } from '../parts/log-view.tsx'
import { Metadata } from '../parts/metadata.tsx'
import { Missing } from '../parts/missing.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Section } from '../parts/section.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/servables/$fullName')

/** `/servables/{fullName}`: one that runs, with what it writes. */
export function ServablePage() {
  const { fullName } = route.useParams()
  const query = useQuery(servablesQuery())
  return (
    <>
      <Trail>
        <TextLink to="/servables">Servables</TextLink>
        <span>{fullName}</span>
      </Trail>
      <QueryView query={query} what="the servable">
        {all => {
          const servable = all.find(servable => servable.fullName === fullName)
          return servable === undefined ? (
            <Missing what={`servable ${fullName}`}>
              It has been stopped, or an update has replaced it.{' '}
              <TextLink to="/servables" underline="always">
                All servables
              </TextLink>
            </Missing>
          ) : (
            <Servable servable={servable} />
          )
        }}
      </QueryView>
    </>
  )
}

function Servable({ servable }: { readonly servable: ServableJson }) {
  const { fullName, status, statusMessage, modelVersionId, deploymentConfigurationName, metadata } = servable
  const versions = useVersionsById()
  const navigate = useNavigate()
  return (
    <>
      <PageTitle
        title={fullName}
        aside={<StatusBadge status={status} message={statusMessage} />}
        actions={
          <DeleteButton
            what={`servable ${fullName}`}
            consequence="It stops. It is refused while an application or a metric uses it."
            onDelete={() => deleteServable(fullName)}
            onDeleted={() => void navigate({ to: '/servables' })}
          />
        }
      />
      <Section title="Details">
        <Details
          rows={[
            [
              'Version',
              <VersionLink key="version" version={versions.get(modelVersionId)} id={modelVersionId} />,
            ],
            ['Configuration', deploymentConfigurationName ?? 'default'],
            ['Message', statusMessage ?? '–'],
          ]}
        />
      </Section>
      <Section title="Log">
        <LogView
          url={`/api/v2/servable/${encodeURIComponent(fullName)}/logs?follow=true`}
          label="Servable log"
        />
      </Section>
      <Section title="Metadata">
        <Metadata metadata={metadata} />
      </Section>
    </>
  )
}
