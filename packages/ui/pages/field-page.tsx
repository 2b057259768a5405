import { Select, SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { fieldProfileQuery, profiledFieldsQuery, trainingStatusQuery } from '../api/monitoring-queries.ts'
import { NoVersion } from '../models/no-version.tsx'
import { useVersion } from '../models/use-version.ts'
import { ProfileView } from '../monitoring/profile-view.tsx'
import { profilesOf } from '../monitoring/profiles-of.ts'
import { Empty } from '../parts/empty.tsx'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Section } from '../parts/section.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/models/$name/$version/profile/$field')

/** `/models/{name}/{version}/profile/{field}`: what training data and requests say of a field. */
export function FieldPage() {
  const { name, version, field } = route.useParams()
  const query = useVersion(name, version)
  return (
    <>
      <Trail>
        <TextLink to="/models">Models</TextLink>
        <TextLink to="/models/$name" params={{ name }}>
          {name}
        </TextLink>
        <TextLink to="/models/$name/$version" params={{ name, version }}>
          {version}
        </TextLink>
        <span>{field}</span>
      </Trail>
      <QueryView query={query} what="the version">
        {({ version: found }) =>
          found === undefined ? (
            <NoVersion name={name} version={version} />
          ) : (
            <Profiles versionId={found.id} field={field} name={`${name}:${version}`} />
          )
        }
      </QueryView>
    </>
  )
}

interface ProfilesProps {
  readonly versionId: number
  readonly field: string
  /** Of the version. */
  readonly name: string
}

function Profiles({ versionId, field, name }: ProfilesProps) {
  const names = useQuery(profiledFieldsQuery(versionId))
  const training = useQuery(trainingStatusQuery(versionId))
  return (
    <>
      <PageTitle
        title={`${field} of ${name}`}
        aside={
          training.data !== undefined &&
          training.data.kind !== 'NotRegistered' && (
            <StatusBadge status={training.data.kind} message={training.data.message ?? 'Training data'} />
          )
        }
      />
      <QueryView query={names} what="the names of the profiles">
        {all => <Components versionId={versionId} names={profilesOf(field, all)} />}
      </QueryView>
    </>
  )
}

function Components({ versionId, names }: { readonly versionId: number; readonly names: readonly string[] }) {
  const [chosen, choose] = useState<string | null>(null)
  const name = names.find(name => name === chosen) ?? names[0]
  if (name === undefined) {
    return (
      <Empty title="This field has no profile yet.">
        Profiles are made of training data (training-data in the model's resource file) and of requests, for
        fields with numbers that are tagged as numerical, and texts that are tagged as text.
      </Empty>
    )
  }
  return (
    <>
      {names.length > 1 && (
        <Select
          label="Component"
          description={`${names.length} values in a row`}
          searchable
          allowDeselect={false}
          data={[...names]}
          value={name}
          onChange={choose}
          maw={280}
          mb="md"
        />
      )}
      <Component key={name} versionId={versionId} name={name} />
    </>
  )
}

function Component({ versionId, name }: { readonly versionId: number; readonly name: string }) {
  const profiles = useQuery(fieldProfileQuery(versionId, name))
  return (
    <QueryView query={profiles} what="the profile">
      {({ training, production }) => (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Section title="Training">
            <ProfileView
              profile={training}
              ifNone="No training data yet. Name it as training-data in the model's resource file, or send CSV to /monitoring/profiles/batch/{version id}."
            />
          </Section>
          <Section title="Production">
            <ProfileView
              profile={production}
              ifNone="No requests yet. Ask an application that uses this version."
            />
          </Section>
        </SimpleGrid>
      )}
    </QueryView>
  )
}
