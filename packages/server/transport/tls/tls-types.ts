/** PEM texts, as node:tls takes them. */
export interface TlsCredentials {
  /** The certificate, followed by those of its issuers. */
  readonly certificate: string
  readonly key: string
  /** Set: clients must show a certificate from these authorities. It cannot appear or vanish later. */
  readonly clientCa?: string | undefined
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

export interface TlsListenerOptions extends TlsCredentials {
  /**
   * Subscribes a listener to credentials that replace these, for connections from then on.
   * The listener unsubscribes with the function returned.
   */
  readonly onRenewed?: ((renew: (credentials: TlsCredentials) => void) => () => void) | undefined
}
