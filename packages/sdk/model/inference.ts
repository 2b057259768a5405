import type { Parameters, Shape, Tensor, TensorLike } from '../tensor/index.ts'

/** An output that the client asked for by name. */
export interface RequestedOutput {
  readonly name: string
  readonly parameters?: Parameters | undefined
}

/** One inference request, whichever protocol it came by (Open Inference Protocol, "Inference Request"). */
export interface InferenceRequest {
  readonly modelName: string
  readonly modelVersion?: string | undefined
  readonly id?: string | undefined
  readonly parameters?: Parameters | undefined
  readonly inputs: readonly Tensor[]
  /** Absent or empty: every output is wanted. */
  readonly outputs?: readonly RequestedOutput[] | undefined
}

/** What a model answers. The server adds name, version and id, and drops outputs nobody asked for. */
export interface ModelResponse {
  readonly outputs: readonly TensorLike[]
  readonly parameters?: Parameters | undefined
}

/**
 * A model's answer as TypeScript sees it where a method has no return type: `datatype: 'FP64'` is then
 * any text, so the datatypes are left to the check of every answer at run time. Say `ModelResponse` to
 * have the compiler check them too.
 */
export interface PlainResponse {
  readonly outputs: readonly {
    readonly name: string
    readonly datatype: string
    readonly shape: Shape
    readonly data: unknown
    readonly parameters?: Parameters | undefined
  }[]
  readonly parameters?: Parameters | undefined
}

/** One inference response as it goes to the client. */
export interface InferenceResponse {
  readonly modelName: string
  readonly modelVersion?: string | undefined
  readonly id?: string | undefined
  readonly parameters?: Parameters | undefined
  readonly outputs: readonly Tensor[]
}
