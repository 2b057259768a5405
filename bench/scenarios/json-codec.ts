import type { ProbeScenario } from './probe-scenario.ts'

export const jsonCodec: ProbeScenario = {
  kind: 'probe',
  name: 'json-codec',
  title: 'JSON of 100,000 FP32, without a server',
  program: 'json-codec.ts',
  cores: 'one',
  figures: [
    {
      name: 'shortRatio',
      what: 'parse and serialise against JSON.parse and JSON.stringify of plain arrays, shortest digits',
      unit: '×',
      atLeast: 2,
    },
    {
      name: 'longRatio',
      what: 'the same, all digits that a double prints',
      unit: '×',
      atLeast: 2,
    },
    { name: 'shortParseMs', what: 'our parse, shortest digits', unit: 'ms' },
    { name: 'shortJsonParseMs', what: 'JSON.parse, shortest digits', unit: 'ms' },
    { name: 'longParseMs', what: 'our parse, all digits', unit: 'ms' },
    { name: 'longJsonParseMs', what: 'JSON.parse, all digits', unit: 'ms' },
    { name: 'serializeMs', what: 'our serialise', unit: 'ms' },
    { name: 'shortJsonStringifyMs', what: 'JSON.stringify, shortest digits', unit: 'ms' },
    { name: 'longJsonStringifyMs', what: 'JSON.stringify, all digits', unit: 'ms' },
  ],
}
