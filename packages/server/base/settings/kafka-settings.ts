import { resolve } from 'node:path'
import type { SASL_MECHANISMS } from './kafka-settings-schema.ts'
import type { ServerSettingsFields } from './server-settings-schema.ts'

/** Paths are absolute. */
export interface KafkaTlsSettings {
  /** Undefined: the authorities of the system. */
  readonly caFile: string | undefined
  /** Shown to brokers, with `keyFile`. */
  readonly certificateFile: string | undefined
  readonly keyFile: string | undefined
}

export interface KafkaSaslSettings {
  readonly mechanism: (typeof SASL_MECHANISMS)[number]
  readonly username: string
  /** Absolute. */
  readonly passwordFile: string
}

/** How brokers are reached; `undefined` is switched off. */
export interface KafkaSecurity {
  readonly tls: KafkaTlsSettings | undefined
  readonly sasl: KafkaSaslSettings | undefined
}

export function toKafkaSecurity(
  field: ServerSettingsFields['kafka_security'],
  workingDirectory: string,
): KafkaSecurity {
  const toPath = (path: string) => resolve(workingDirectory, path)
  const toOptionalPath = (path: string | undefined) => (path === undefined ? undefined : toPath(path))
  // Of the members that are not set, those without an object around them are not even there.
  const members: Partial<NonNullable<typeof field>> = field ?? {}
  const { tls, sasl } = members
  return {
    tls:
      tls === null || tls === undefined
        ? undefined
        : {
            caFile: toOptionalPath(tls.ca_file),
            certificateFile: toOptionalPath(tls.certificate_file),
            keyFile: toOptionalPath(tls.key_file),
          },
    sasl:
      sasl === null || sasl === undefined
        ? undefined
        : {
            mechanism: sasl.mechanism,
            username: sasl.username,
            passwordFile: toPath(sasl.password_file),
          },
  }
}
