/** What a client's certificate says, once the listener's authorities have been found to stand behind it. */
export interface ClientCertificate {
  /** Its subject on one line, most general part first, e.g. `O=Example,CN=client`. */
  readonly subject: string
  /** SHA-256 of the certificate, in capital hex digits with colons. */
  readonly fingerprint: string
}

/** What is known of a request before any of its body has been read. */
export interface AdmissionHead {
  /** As the handler will get them. A check deletes those that the handler must not see. */
  readonly headers: { [name: string]: string }
  /** Without a port; '' when the socket has gone already. */
  readonly remoteAddress: string
  /** `undefined` unless the listener asks clients for certificates. */
  readonly clientCertificate: ClientCertificate | undefined
}

/**
 * Decides whether a request may go on to its handler. Nothing of the body has been read, and a client that
 * waits for `100 Continue` still waits. It throws, or its promise rejects, with the ServingError that the
 * client gets.
 */
export type AdmissionCheck = (head: AdmissionHead) => Promise<void> | undefined
