import type { FormName } from '../forms/form.ts'
import { BREAKS_SCHEMA, INVALID, type RefusalKind, type Scenario, tensor, text } from './scenario.ts'

const NUMBERS = tensor('numbers', 'INT32', [3], [1, 2, 3])

/** Fixed-size elements are whatever their bytes say. */
const NO_SUCH_BYTES: Readonly<Partial<Record<FormName, string>>> = {
  'REST binary': 'every pattern of bits is an element',
  'gRPC raw': 'every pattern of bits is an element',
}

function refused(
  title: string,
  input: ReturnType<typeof tensor>,
  message: RegExp,
  inexpressible: Scenario['inexpressible'] = {},
  kind: RefusalKind = INVALID,
): Scenario {
  return { title, question: { model: 'echo', inputs: [input] }, refusal: { ...kind, message }, inexpressible }
}

/** What a client gets wrong about its tensors; the message names the tensor and what is allowed. */
export const BAD_INPUT_ROWS: readonly Scenario[] = [
  refused(
    'a datatype that does not exist',
    tensor('x', 'INT322', [1], [1]),
    /Input should be 'BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64' or 'BYTES'/,
    {},
    BREAKS_SCHEMA,
  ),
  refused(
    'too few elements',
    tensor('x', 'INT32', [2, 2], [1, 2, 3]),
    /tensor 'x'.*\[2,2\].*exactly (4|16)$/,
  ),
  refused('too many elements', tensor('x', 'FP32', [2], [1, 2, 3]), /tensor 'x'.*\[2\].*exactly (2|8)$/),
  refused(
    'elements for a shape with none',
    tensor('x', 'FP32', [0, 5], [1]),
    /tensor 'x'.*\[0,5\].*exactly 0$/,
  ),
  refused('too few texts', tensor('x', 'BYTES', [2], ['one']), /tensor 'x'.* (2|bytes end)/),
  refused('too many texts', tensor('x', 'BYTES', [1], ['one', 'two']), /tensor 'x'.*(exactly 1|left over)/),
  refused(
    'a negative extent',
    tensor('x', 'INT32', [-1], [1, 2]),
    /tensor 'x' has shape \[-1\]: every dimension must be an integer from 0/,
  ),
  refused(
    'a shape whose product overflows',
    tensor('x', 'UINT8', [2 ** 40, 2 ** 40], []),
    /tensor 'x' has shape \[1099511627776,1099511627776\]: it has more elements than can be addressed/,
  ),
  refused(
    'a shape that memory does not hold',
    tensor('x', 'FP64', [2 ** 50], [1]),
    /tensor 'x'.*\[1125899906842624\]/,
  ),
  refused(
    'an integer out of range',
    tensor('x', 'INT8', [2], [1, 300]),
    /tensor 'x', element 1: 300 .*is not .*-128.*127/,
    NO_SUCH_BYTES,
  ),
  refused(
    'a negative unsigned integer',
    tensor('x', 'UINT16', [1], [-1]),
    /tensor 'x', element 0: -1 is not .*0.*65535/,
    {
      ...NO_SUCH_BYTES,
      'gRPC typed': 'uint_contents has no negative numbers',
    },
  ),
  refused(
    'a fraction for an integer',
    tensor('x', 'INT32', [1], [1.5]),
    /tensor 'x', element 0: 1.5 is not an integer/,
    {
      ...NO_SUCH_BYTES,
      'gRPC typed': 'int_contents has no fractions',
    },
  ),
  refused(
    'a text for a number',
    tensor('x', 'FP32', [1], ['one']),
    /tensor 'x', element 0: "one" is not a number/,
    {
      ...NO_SUCH_BYTES,
      'gRPC typed': 'fp32_contents has no text',
    },
  ),
  refused(
    'a number for a truth value',
    tensor('x', 'BOOL', [1], [2]),
    /tensor 'x', element 0: 2 is not true or false/,
    {
      'REST binary': 'the packer of this suite writes 0 and 1 only',
      'gRPC raw': 'the packer of this suite writes 0 and 1 only',
      'gRPC typed': 'bool_contents has no numbers',
    },
  ),
  refused('a number for a text', tensor('x', 'BYTES', [1], [5]), /tensor 'x', element 0: 5 is not text/, {
    'REST binary': 'bytes are bytes',
    'gRPC raw': 'bytes are bytes',
    'gRPC typed': 'bytes_contents has no numbers',
  }),
  {
    title: 'a required input that is missing',
    question: { model: 'contract', inputs: [text('label', 'x')] },
    refusal: { ...INVALID, message: /input 'numbers' is missing; expected INT32 of shape \[-1\]/ },
  },
  {
    title: 'an input that the contract does not know',
    question: { model: 'contract', inputs: [NUMBERS, text('lable', 'x')] },
    refusal: { ...INVALID, message: /unexpected input 'lable'; the model declares 'numbers', 'label'/ },
  },
  {
    title: 'an input that is given twice',
    question: { model: 'contract', inputs: [NUMBERS, NUMBERS] },
    refusal: { ...INVALID, message: /input 'numbers' is given twice/ },
  },
  {
    title: 'a datatype other than the declared one',
    question: { model: 'contract', inputs: [tensor('numbers', 'INT64', [1], [1n])] },
    refusal: { ...INVALID, message: /input 'numbers' has datatype INT64; expected INT32/ },
  },
  {
    title: 'a shape other than the declared one',
    question: { model: 'contract', inputs: [tensor('numbers', 'INT32', [1, 3], [1, 2, 3])] },
    refusal: { ...INVALID, message: /input 'numbers' has shape \[1,3\]; expected \[-1\]/ },
  },
  {
    title: 'text that the declared content type cannot read',
    question: { model: 'contract', inputs: [NUMBERS, tensor('label', 'BYTES', [1], [Uint8Array.of(0xff)])] },
    refusal: { ...INVALID, message: /label.*not valid UTF-8/ },
  },
]
