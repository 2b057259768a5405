import { TextLink } from '../parts/links.tsx'
import { Missing } from '../parts/missing.tsx'

/** Says that an application is not there. */
export function NoApplication({ name }: { readonly name: string }) {
  return (
    <Missing what={`application ${name}`}>
      It may have been removed.{' '}
      <TextLink to="/applications" underline="always">
        All applications
      </TextLink>
    </Missing>
  )
}
