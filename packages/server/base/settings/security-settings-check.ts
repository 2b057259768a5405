import { ServingError } from '@millrace/sdk'
import { type CheckedSettings, originOf, settingError } from '../config/checked-settings.ts'
import type { ServerSettingsFields } from './server-settings-schema.ts'

const GROUPS = ['security', 'rest_security', 'grpc_security', 'metrics_security'] as const
const UNKNOWN_MEMBER = new RegExp(`: (?:${[...GROUPS, 'kafka_security'].join('|')})\\.\\S+ is not a setting`)

/**
 * What a schema cannot say about the security settings in words that help.
 * @throws ServingError INVALID_ARGUMENT naming origin and field
 */
export function checkSecuritySettings(
  fields: ServerSettingsFields,
  checked: Pick<CheckedSettings, 'origins' | 'warnings'>,
): void {
  // A misspelt member that is only warned about would leave a server open that its owner believes closed.
  const unknown = checked.warnings.find(warning => UNKNOWN_MEMBER.test(warning))
  if (unknown !== undefined) throw new ServingError('INVALID_ARGUMENT', unknown)

  for (const group of GROUPS) {
    const jwt = fields[group]?.jwt ?? null
    if (jwt === null) continue
    const refuse = (member: string, value: unknown, allowed: string) => {
      const path = [group, 'jwt', member]
      return settingError(originOf(path, checked), path, value, allowed)
    }
    if (jwt.jwks_file === undefined && jwt.jwks_url === undefined) {
      throw refuse('jwks_file', undefined, 'a file, unless jwks_url is set: tokens need one of the two')
    }
    if (jwt.jwks_file !== undefined && jwt.jwks_url !== undefined) {
      throw refuse('jwks_url', jwt.jwks_url, 'no value beside jwks_file: tokens need one of the two')
    }
    if (jwt.algorithms?.length === 0) {
      throw refuse('algorithms', jwt.algorithms, 'a list with at least one algorithm')
    }
  }
}
