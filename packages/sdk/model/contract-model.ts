import type { ContentType, DecodedAs, EncodableAs } from '../codecs/index.ts'
import { type ContractDefinition, type FieldDefinition, toModelContract } from '../contract/index.ts'
import type { DataByDatatype, DataLike, Datatype, Shape, Tensor } from '../tensor/index.ts'
import type { RequestContext } from './context.ts'
import { BaseModel } from './model.ts'
import type { ModelSettings } from './settings.ts'

type Fields = Readonly<Record<string, FieldDefinition>>
type OptionalNames<F extends Fields> = {
  [N in keyof F]: F[N] extends { readonly isOptional: true } ? N : never
}[keyof F]
type WithOptional<F extends Fields, V extends Record<keyof F, unknown>> = {
  [N in Exclude<keyof F, OptionalNames<F>>]: V[N]
} & { [N in OptionalNames<F>]?: V[N] }

type InputValue<F extends FieldDefinition> = F extends { readonly contentType: infer T extends ContentType }
  ? DecodedAs<T, F['datatype']>
  : Tensor<F['datatype']>

/** Data with its shape said, for fields with more than one free dimension. */
export interface ShapedData<D extends Datatype> {
  readonly shape: Shape
  readonly data: DataLike<D>
}

type PlainValue<F extends FieldDefinition> = F extends { readonly contentType: infer T extends ContentType }
  ? EncodableAs<T, F['datatype']>
  : DataLike<F['datatype']> | ShapedData<F['datatype']>

/** One plain value per field; a shape with one free dimension is worked out. */
export type PlainValues<F extends Fields> = WithOptional<F, { [N in keyof F]: PlainValue<F[N]> }>

type DecodedValue<F extends FieldDefinition> = F extends { readonly contentType: infer T extends ContentType }
  ? DecodedAs<T, F['datatype']>
  : DataByDatatype[F['datatype']]

/** One value per field as a client reads it: decoded if the field has a content type, else its exact array. */
export type DecodedValues<F extends Fields> = WithOptional<F, { [N in keyof F]: DecodedValue<F[N]> }>

/** What `predict` receives: one value per input, decoded if the field has a content type. */
export type InputValues<C extends ContractDefinition> = WithOptional<
  C['inputs'],
  { [N in keyof C['inputs']]: InputValue<C['inputs'][N]> }
>

/** What `predict` returns: one value per output. */
export type OutputValues<C extends ContractDefinition> = PlainValues<C['outputs']>

/** Marks classes and their instances across copies of this package. */
export const CONTRACT = Symbol.for('millrace.contract')

/** What `ContractModel(…)` makes the base class of; written apart so that its type has a name. */
export abstract class TypedModel<C extends ContractDefinition> extends BaseModel {
  /** On the prototype, so that a class can be told by it before there is an instance. */
  declare readonly [CONTRACT]: C

  constructor(settings: ModelSettings) {
    super(settings)
    const { inputs, outputs } = toModelContract(this[CONTRACT])
    this.inputs = inputs
    this.outputs = outputs
  }

  /** Answers one request. A wrong name or datatype in the answer does not compile. */
  abstract predict(
    values: InputValues<C>,
    context: RequestContext,
  ): OutputValues<C> | Promise<OutputValues<C>>

  /** Answers with any number of responses. Optional: without it a stream has one response. */
  predictStream?(values: InputValues<C>, context: RequestContext): AsyncIterable<OutputValues<C>>
}

/**
 * The base class of models with named, typed values:
 *
 *     const contract = defineContract({
 *       inputs: { text: { datatype: 'BYTES', shape: [-1], contentType: 'str' } },
 *       outputs: { length: { datatype: 'INT32', shape: [-1] } },
 *     })
 *
 *     export class Length extends ContractModel(contract) {
 *       override predict({ text }: InputValues<typeof contract>) {
 *         return { length: text.map(value => value.length) }
 *       }
 *     }
 */
export function ContractModel<const C extends ContractDefinition>(contract: C): typeof TypedModel<C> {
  abstract class Bound extends TypedModel<C> {}
  Object.defineProperty(Bound.prototype, CONTRACT, { value: contract })
  return Bound
}

export function isTypedModel(model: object): model is TypedModel<ContractDefinition> {
  return CONTRACT in model
}
