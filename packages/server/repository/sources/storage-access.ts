/** How one object store or web server is reached, where that is not left to the environment. */
export type StorageAccess =
  | {
      readonly type: 's3'
      readonly endpoint: string | undefined
      readonly region: string | undefined
      /** Undefined: the credentials of the environment. */
      readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
      /** Of the authority that the store's certificate comes from, as PEM. */
      readonly certificate: string | undefined
    }
  | { readonly type: 'http'; readonly headers: Readonly<Record<string, string>> }
