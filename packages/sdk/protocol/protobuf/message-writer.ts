import type { RequestedOutput } from '../../model/index.ts'
import { dataBytes, type Parameters, type Tensor } from '../../tensor/index.ts'
import { type ContentsPlan, isRawOnly, planContents, writeContents } from './contents-writer.ts'
import { type ParametersPlan, planParameters, writeParameters } from './parameters-writer.ts'
import { fieldSize, textFieldSize, varintSize } from './wire-sizes.ts'
import { copiedSize, type WireWriter } from './wire-writer.ts'

/** What ModelInferRequest and ModelInferResponse have in common. */
export interface InferMessage {
  readonly modelName: string
  readonly modelVersion: string | undefined
  readonly id: string | undefined
  readonly parameters: Parameters | undefined
  readonly tensors: readonly Tensor[]
  readonly requestedOutputs: readonly RequestedOutput[]
  /** Of the field that holds raw contents. */
  readonly rawTag: number
}

/** A message measured, so that it can be written without looking back. */
export interface MessagePlan {
  readonly message: InferMessage
  readonly isRaw: boolean
  readonly parameters: ParametersPlan | undefined
  readonly tensors: readonly TensorPlan[]
  readonly requestedOutputs: readonly RequestedOutputPlan[]
  readonly sizeBytes: number
  /** What of `sizeBytes` is copied; the rest goes by reference. */
  readonly copiedBytes: number
}

interface TensorPlan {
  readonly tensor: Tensor
  readonly shapeSize: number
  readonly parameters: ParametersPlan | undefined
  readonly contents: ContentsPlan | undefined
  readonly sizeBytes: number
}

interface RequestedOutputPlan {
  readonly name: string
  readonly parameters: ParametersPlan | undefined
  readonly sizeBytes: number
}

/** @param isRawWanted raw contents; one tensor that has no typed form makes the whole message raw */
export function planMessage(message: InferMessage, isRawWanted: boolean): MessagePlan {
  const isRaw = isRawWanted || message.tensors.some(isRawOnly)
  const parameters = planParameters(message.parameters)
  const tensors = message.tensors.map(tensor => planTensor(tensor, isRaw))
  const requestedOutputs = message.requestedOutputs.map(planRequestedOutput)
  let sizeBytes =
    textFieldSize(message.modelName) +
    textFieldSize(message.modelVersion) +
    textFieldSize(message.id) +
    (parameters?.sizeBytes ?? 0)
  let referencedBytes = 0
  for (const { tensor, contents, sizeBytes: tensorBytes } of tensors) {
    sizeBytes += fieldSize(tensorBytes)
    if (contents !== undefined) referencedBytes += contents.sizeBytes - contents.copiedBytes
    if (!isRaw) continue
    const bytes = dataBytes(tensor.data)
    sizeBytes += fieldSize(bytes.length)
    referencedBytes += bytes.length - copiedSize(bytes)
  }
  for (const output of requestedOutputs) sizeBytes += fieldSize(output.sizeBytes)
  return {
    message,
    isRaw,
    parameters,
    tensors,
    requestedOutputs,
    sizeBytes,
    copiedBytes: sizeBytes - referencedBytes,
  }
}

/** Writes the message, without tag and length. */
export function writeMessage(writer: WireWriter, plan: MessagePlan): void {
  const { message } = plan
  writer.textField(0x0a, message.modelName)
  writer.textField(0x12, message.modelVersion)
  writer.textField(0x1a, message.id)
  writeParameters(writer, 0x22, plan.parameters)
  for (const tensor of plan.tensors) writeTensor(writer, tensor)
  for (const output of plan.requestedOutputs) {
    writer.head(0x32, output.sizeBytes)
    writer.textField(0x0a, output.name)
    writeParameters(writer, 0x12, output.parameters)
  }
  if (!plan.isRaw) return
  for (const { tensor } of plan.tensors) {
    const bytes = dataBytes(tensor.data)
    writer.head(message.rawTag, bytes.length)
    writer.payload(bytes)
  }
}

function planTensor(tensor: Tensor, isRaw: boolean): TensorPlan {
  const { name, datatype, shape } = tensor
  let shapeSize = 0
  for (const dimension of shape) shapeSize += varintSize(dimension)
  const parameters = planParameters(tensor.parameters)
  const contents = isRaw ? undefined : planContents(tensor)
  const sizeBytes =
    textFieldSize(name) +
    fieldSize(datatype.length) +
    (shapeSize === 0 ? 0 : fieldSize(shapeSize)) +
    (parameters?.sizeBytes ?? 0) +
    (contents === undefined ? 0 : fieldSize(contents.sizeBytes))
  return { tensor, shapeSize, parameters, contents, sizeBytes }
}

function writeTensor(writer: WireWriter, plan: TensorPlan): void {
  const { tensor, contents } = plan
  writer.head(0x2a, plan.sizeBytes)
  writer.textField(0x0a, tensor.name)
  writer.textField(0x12, tensor.datatype)
  if (plan.shapeSize > 0) {
    writer.head(0x1a, plan.shapeSize)
    for (const dimension of tensor.shape) writer.varint(dimension)
  }
  writeParameters(writer, 0x22, plan.parameters)
  if (contents === undefined) return
  writer.head(0x2a, contents.sizeBytes)
  writeContents(writer, contents)
}

function planRequestedOutput({ name, parameters }: RequestedOutput): RequestedOutputPlan {
  const planned = planParameters(parameters)
  return { name, parameters: planned, sizeBytes: textFieldSize(name) + (planned?.sizeBytes ?? 0) }
}
