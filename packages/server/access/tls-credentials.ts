import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { ServingError } from '@millrace/sdk'
import type { ServerLogger, TlsSettings } from '../base/index.ts'
import type { TlsCredentials, TlsListenerOptions } from '../transport/index.ts'
import { type Watched, watchFiles } from './watched-files.ts'

/**
 * The certificate and key of a listener, read again when their files change.
 * @throws ServingError INVALID_ARGUMENT naming the setting when they cannot be used
 */
export function watchTlsCredentials(
  settings: TlsSettings,
  log: ServerLogger,
): Promise<Watched<TlsCredentials>> {
  const { field, certificateFile, keyFile, clientCaFile, minVersion } = settings
  return watchFiles({
    files: [
      { field: `${field}.certificate_file`, path: certificateFile },
      { field: `${field}.key_file`, path: keyFile },
      ...(clientCaFile === undefined ? [] : [{ field: `${field}.client_ca_file`, path: clientCaFile }]),
    ],
    subject: 'certificate',
    log,
    parse([certificate = '', key = '', clientCa]) {
      const until = checkCertificate(`${field}.certificate_file`, certificate)
      if (clientCa !== undefined) checkCertificate(`${field}.client_ca_file`, clientCa)
      checkTogether(settings, certificate, key)
      if (until.getTime() < Date.now()) {
        log.warn(
          `${field}: the certificate is valid until ${until.toISOString()} only; clients will refuse it`,
        )
      }
      return { certificate, key, clientCa, minVersion }
    },
  })
}

/** What a listener is given: the credentials of now, and word of later ones. */
export function toListenerOptions(credentials: Watched<TlsCredentials>): TlsListenerOptions {
  return { ...credentials.current, onRenewed: renew => credentials.onChange(renew) }
}

/** Returns how long it is valid. */
function checkCertificate(field: string, pem: string): Date {
  try {
    return new X509Certificate(pem).validToDate
  } catch (cause) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${field} holds no certificate; allowed is a PEM file that begins with -----BEGIN CERTIFICATE-----`,
      { cause },
    )
  }
}

function checkTogether({ field, minVersion }: TlsSettings, cert: string, key: string): void {
  try {
    createSecureContext({ cert, key, minVersion })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${field}.key_file cannot be used with ${field}.certificate_file (${reason}); ` +
        "allowed is a PEM file with the certificate's private key, without a password",
      { cause },
    )
  }
}
