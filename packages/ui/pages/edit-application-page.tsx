import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { draftOf } from '../applications/application-draft.ts'
import { ApplicationForm } from '../applications/application-form.tsx'
import { NoApplication } from '../applications/no-application.tsx'
import { useApplication } from '../applications/use-application.ts'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueryView } from '../parts/query-view.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/applications/$name/edit')

/** `/applications/{name}/edit`: it answers as before until what is new is ready. */
export function EditApplicationPage() {
  const { name } = route.useParams()
  const query = useApplication(name)
  const navigate = useNavigate()
  const toApplication = () => void navigate({ to: '/applications/$name', params: { name } })
  return (
    <>
      <Trail>
        <TextLink to="/applications">Applications</TextLink>
        <TextLink to="/applications/$name" params={{ name }}>
          {name}
        </TextLink>
        <span>Edit</span>
      </Trail>
      <PageTitle title={`Edit ${name}`} />
      <QueryView query={query} what="the application">
        {({ application }) =>
          application === undefined ? (
            <NoApplication name={name} />
          ) : (
            <ApplicationForm key={application.id} initial={draftOf(application)} onSaved={toApplication} />
          )
        }
      </QueryView>
    </>
  )
}
