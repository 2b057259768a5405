import { TextLink } from '../parts/links.tsx'
import { Missing } from '../parts/missing.tsx'

/** Says that a version is not there. */
export function NoVersion({ name, version }: { readonly name: string; readonly version: string }) {
  return (
    <Missing what={`version ${name}:${version}`}>
      It may have been deleted with its model.{' '}
      <TextLink to="/models/$name" params={{ name }} underline="always">
        Versions of {name}
      </TextLink>
    </Missing>
  )
}
