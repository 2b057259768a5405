import { Empty } from '../parts/empty.tsx'
import { TextLink } from '../parts/links.tsx'
import { PageTitle } from '../parts/page-title.tsx'

/** An address that leads nowhere. */
export function PageMissing() {
  return (
    <>
      <PageTitle title="No such page" />
      <Empty title="There is no page at this address.">
        Go on with{' '}
        <TextLink to="/models" underline="always">
          models
        </TextLink>{' '}
        or{' '}
        <TextLink to="/applications" underline="always">
          applications
        </TextLink>
        .
      </Empty>
    </>
  )
}
