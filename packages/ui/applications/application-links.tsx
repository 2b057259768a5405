import { Group } from '@mantine/core'
import { TextLink } from '../parts/links.tsx'

/** Applications by name, each a link. */
export function ApplicationLinks({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span>–</span>
  return (
    <Group gap="xs">
      {names.map(name => (
        <TextLink key={name} to="/applications/$name" params={{ name }}>
          {name}
        </TextLink>
      ))}
    </Group>
  )
}
