/** A version that runs. */
export interface ServableJson {
  readonly modelVersionId: number
  readonly status: string
  readonly statusMessage: string | null
  readonly fullName: string
  readonly metadata: Readonly<Record<string, string>> | null
  readonly deploymentConfigurationName: string | null
}
