import { Alert, Button } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { ApplicationJson } from '../api/application-json.ts'
import { deleteApplication } from '../api/commands.ts'
import { NoApplication } from '../applications/no-application.tsx'
import { StageGraph } from '../applications/stage-graph.tsx'
import { TestPanel } from '../applications/test-panel.tsx'
import { useApplication } from '../applications/use-application.ts'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Details } from '../parts/details.tsx'
import { ButtonLink, TextLink } from '../parts/links.tsx'
import { Metadata } from '../parts/metadata.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Section } from '../parts/section.tsx'
import { SignatureView } from '../parts/signature-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/applications/$name')

/** `/applications/{name}` */
export function ApplicationPage() {
  const { name } = route.useParams()
  const query = useApplication(name)
  return (
    <>
      <Trail>
        <TextLink to="/applications">Applications</TextLink>
        <span>{name}</span>
      </Trail>
      <QueryView query={query} what="the application">
        {({ application }) =>
          application === undefined ? (
            <NoApplication name={name} />
          ) : (
            <Application key={application.name} application={application} />
          )
        }
      </QueryView>
    </>
  )
}

function Application({ application }: { readonly application: ApplicationJson }) {
  const { name, status, message, signature, metadata, kafkaStreaming } = application
  const [isTesting, setTesting] = useState(false)
  const navigate = useNavigate()
  const isReady = status.toLowerCase() === 'ready'
  return (
    <>
      <PageTitle
        title={name}
        aside={<StatusBadge status={status} message={message} />}
        actions={
          <>
            <Button
              disabled={!isReady}
              title={isReady ? undefined : 'It can be tested as soon as it is ready'}
              aria-expanded={isTesting}
              onClick={() => setTesting(!isTesting)}
            >
              Test
            </Button>
            <ButtonLink variant="default" to="/applications/$name/edit" params={{ name }}>
              Edit
            </ButtonLink>
            <DeleteButton
              label="Remove"
              what={`application ${name}`}
              consequence="It answers no more, and its servables stop. The models stay."
              onDelete={() => deleteApplication(name)}
              onDeleted={() => void navigate({ to: '/applications' })}
            />
          </>
        }
      />
      {status.toLowerCase() === 'failed' && (
        <Alert color="red" title="It does not answer" mb="md">
          {message ?? 'The logs of its servables say why.'}
        </Alert>
      )}
      {isTesting && (
        <Section title="Test">
          <TestPanel name={name} isReady={isReady} />
        </Section>
      )}
      <Section title="Stages">
        <StageGraph application={application} />
      </Section>
      <Section title="Signature">
        <SignatureView signature={signature} />
      </Section>
      {kafkaStreaming.length > 0 && (
        <Section title="Kafka">
          <Details
            rows={kafkaStreaming.map(({ sourceTopic, destinationTopic }) => [
              sourceTopic,
              `to ${destinationTopic}`,
            ])}
          />
        </Section>
      )}
      <Section title="Metadata">
        <Metadata metadata={metadata} />
      </Section>
    </>
  )
}
