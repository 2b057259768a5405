import type { ModelContract } from '@millrace/sdk'
import type { ModelEntry, Placement } from '../lifecycle/index.ts'

export interface ServerMetadata {
  readonly name: string
  readonly version: string
  readonly extensions: readonly string[]
}

export interface ModelMetadata extends ModelContract {
  readonly name: string
  /** Versions that can be asked for; where a model has none, the notes of its settings. */
  readonly versions: readonly string[]
  readonly platform: string
  readonly contentType: string | undefined
  readonly placement: Placement
}

/**
 * OIP and Triton mean the servable versions by `versions`; MLServer shows free-form notes there.
 * A model with versions answers the former, one with only notes the latter.
 */
export function describeModel(entry: ModelEntry, servable: readonly string[]): ModelMetadata {
  const { settings, bound, placement } = entry.instance!
  return {
    name: entry.name,
    versions: settings.versionNotes.length > 0 ? settings.versionNotes : servable,
    platform: settings.platform,
    inputs: bound.model.inputs,
    outputs: bound.model.outputs,
    contentType: settings.contentType,
    placement,
  }
}
