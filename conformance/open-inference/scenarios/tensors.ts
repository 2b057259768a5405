import { echoes, INVALID, type Scenario, tensor } from './scenario.ts'

const FLAT = tensor('x', 'INT32', [2, 3], [1, 2, 3, 4, 5, 6])
const WIDE = Array.from({ length: 100_000 }, (_, index) => index / 8)

/** Shapes, sizes and numbers of tensors. */
export const TENSOR_ROWS: readonly Scenario[] = [
  echoes('flat data', FLAT),
  {
    title: 'nested data is the same as flat',
    question: {
      model: 'echo',
      inputs: [
        {
          ...FLAT,
          data: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
      ],
    },
    answer: { outputs: [FLAT] },
  },
  {
    title: 'partly nested data is the same as flat',
    question: { model: 'echo', inputs: [{ ...FLAT, data: [[[1, 2], 3], 4, [5, 6]] }] },
    answer: { outputs: [FLAT] },
  },
  echoes('a scalar', tensor('x', 'FP64', [], [2.5])),
  echoes('a scalar text', tensor('x', 'BYTES', [], ['one'])),
  echoes('a tensor without elements', tensor('x', 'FP32', [0], [])),
  echoes('a tensor without elements in a middle dimension', tensor('x', 'INT64', [3, 0, 2], [])),
  echoes('texts, none of them', tensor('x', 'BYTES', [0], [])),
  echoes('an extent of 2^52 beside an extent of 0', tensor('x', 'INT8', [2 ** 52, 2 ** 52, 0], [])),
  echoes(
    'many dimensions',
    tensor(
      'x',
      'UINT8',
      Array.from({ length: 32 }, () => 1),
      [7],
    ),
  ),
  echoes('100 000 elements', tensor('x', 'FP32', [1000, 100], WIDE)),
  echoes(
    'several inputs of different kinds, in their order',
    tensor('b', 'FP64', [1], [0.1]),
    tensor('a', 'BYTES', [2], ['x', 'yz']),
    tensor('empty', 'UINT8', [0], []),
    tensor('c', 'UINT64', [1], [2n ** 64n - 1n]),
    tensor('d', 'BOOL', [3], [true, true, false]),
  ),
  echoes('no inputs'),
  echoes('names of any characters', tensor('näme "x"/\\ 🦦', 'INT8', [1], [1]), tensor('', 'INT8', [1], [2])),
  {
    title: 'rows are summed by the probe model',
    question: { model: 'sum-model', inputs: [tensor('input-0', 'INT32', [2, 3], [1, 2, 3, 4, 5, 6])] },
    answer: { version: 'v1.2.3', outputs: [tensor('total', 'INT64', [2, 1], [6n, 15n])] },
  },
  {
    title: 'too many dimensions',
    question: {
      model: 'echo',
      inputs: [
        tensor(
          'x',
          'INT8',
          Array.from({ length: 1000 }, () => 1),
          [1],
        ),
      ],
    },
    refusal: { ...INVALID, message: /more than 64 dimensions/ },
  },
]
