import type { HydrosphereGeneration } from '@millrace/sdk/protocol'
import type { RuntimeChoice } from '../../deploy/index.ts'
import type { DockerImage, StringMap } from '../../store/index.ts'

/** What stands behind the name of a runtime image. */
export interface ResolvedRuntime {
  readonly choice: RuntimeChoice
  /** The generation in which `contract.protobin` is written for it. */
  readonly generation: HydrosphereGeneration
  /** Variables that it is started with; a deployment configuration's own go before them. */
  readonly environment: StringMap
}

/** Knows runtimes by the names of their images. */
export type ResolveRuntime = (image: Pick<DockerImage, 'name' | 'tag'>) => Promise<ResolvedRuntime>
