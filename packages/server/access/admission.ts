import type { AdmissionCheck, AdmissionHead } from '../transport/index.ts'
import { type Authenticate, CREDENTIAL_HEADERS } from './authentication.ts'
import type { Caller } from './caller.ts'
import { callerAt, type RateLimit } from './rate-limit.ts'
import { refusals } from './refusals.ts'
import type { Requirement } from './scope.ts'

/** What a listener asks of callers, whatever they want; `undefined` is switched off. */
export interface AdmissionRules {
  readonly authenticate: Authenticate | undefined
  readonly rateLimit: RateLimit | undefined
}

/** The check for one route, or `null` if there is nothing to check. */
export function admissionFor(requirement: Requirement, rules: AdmissionRules): AdmissionCheck | null {
  const { authenticate, rateLimit } = rules
  if (requirement === 'NOTHING') return null
  if (authenticate === undefined) {
    if (rateLimit === undefined) return null
    return head => {
      rateLimit.take(anonymousCaller(head))
      return undefined
    }
  }

  const admit = ({ name, scopes }: Caller, { headers }: AdmissionHead): undefined => {
    rateLimit?.take(name)
    if (requirement !== 'KNOWN' && !scopes.has(requirement)) throw refusals.scopeMissing(requirement)
    for (const header of CREDENTIAL_HEADERS) delete headers[header]
  }
  return head => {
    const caller = authenticate(head.headers)
    if (!(caller instanceof Promise)) return admit(caller, head)
    return caller.then(verified => admit(verified, head))
  }
}

/** A client's certificate says better than its address who it is. */
function anonymousCaller({ clientCertificate, remoteAddress }: AdmissionHead): string {
  return clientCertificate === undefined
    ? callerAt(remoteAddress)
    : `certificate ${clientCertificate.fingerprint}`
}
