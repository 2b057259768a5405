import { InvalidArgumentError } from 'commander'

/** What the platform keeps, as commands call it. */
export const KINDS = [
  'models',
  'versions',
  'applications',
  'servables',
  'deployment-configurations',
  'runtimes',
] as const

export type Kind = (typeof KINDS)[number]

/** Short forms, and those of other tools; one of a thing and many of it mean the same. */
const ALIASES: Readonly<Record<string, Kind>> = {
  'model-version': 'versions',
  'model-versions': 'versions',
  app: 'applications',
  apps: 'applications',
  depconf: 'deployment-configurations',
  'deployment-config': 'deployment-configurations',
  'deployment-configs': 'deployment-configurations',
}

/** @throws InvalidArgumentError for a word that is none of `allowed` */
export function toKind<K extends Kind>(allowed: readonly K[]): (word: string) => K {
  return word => {
    const plain = word.toLowerCase().replaceAll('_', '-')
    const name = ALIASES[plain] ?? (plain.endsWith('s') ? plain : `${plain}s`)
    const kind = allowed.find(one => one === name)
    if (kind !== undefined) return kind
    throw new InvalidArgumentError(`It must be one of ${allowed.join(', ')}.`)
  }
}
