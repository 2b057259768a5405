import { useNavigate } from '@tanstack/react-router'
import { ConfigurationForm } from '../configurations/configuration-form.tsx'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { Trail } from '../parts/trail.tsx'

/** `/new/deployment_config` */
export function NewConfigurationPage() {
  const navigate = useNavigate()
  return (
    <>
      <Trail>
        <TextLink to="/deployment_configs">Deployment configurations</TextLink>
        <span>New</span>
      </Trail>
      <PageTitle title="New deployment configuration" />
      <ConfigurationForm
        onCreated={({ name }) => void navigate({ to: '/deployment_configs/$name', params: { name } })}
      />
    </>
  )
}
