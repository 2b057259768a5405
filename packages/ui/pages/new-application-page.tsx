import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { emptyDraft } from '../applications/application-draft.ts'
import { ApplicationForm } from '../applications/application-form.tsx'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { Trail } from '../parts/trail.tsx'

const route = getRouteApi('/new/application')

/** `/new/application`; `?version=ID` chooses the first version. */
export function NewApplicationPage() {
  const { version } = route.useSearch()
  const navigate = useNavigate()
  return (
    <>
      <Trail>
        <TextLink to="/applications">Applications</TextLink>
        <span>New</span>
      </Trail>
      <PageTitle title="New application" />
      <ApplicationForm
        initial={emptyDraft(version)}
        onSaved={({ name }) => void navigate({ to: '/applications/$name', params: { name } })}
      />
    </>
  )
}
