import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toTensor } from '../../tensor/index.ts'
import {
  decodeContract,
  decodeGatewayRequest,
  decodePredictRequest,
  decodePredictResponse,
  encodeContract,
  encodeGatewayRequest,
  encodePredictRequest,
  encodePredictResponse,
  HYDROSPHERE_GENERATIONS,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
  type HydrosphereContract,
  type HydrosphereGeneration,
  loadHydrosphereG2,
  loadHydrosphereG3,
  toTensorSpecs,
} from '../index.ts'

const g2 = await loadHydrosphereG2()
const g3 = await loadHydrosphereG3()

const hex = (bytes: Uint8Array | readonly Uint8Array[]) =>
  Buffer.concat(bytes instanceof Uint8Array ? [bytes] : bytes).toString('hex')
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const XS = toTensor({ name: 'xs', datatype: 'FP64', shape: [1, 2], data: [1.5, 2] })
const TOTAL = toTensor({ name: 'total', datatype: 'FP64', shape: [], data: [3.5] })

const CONTRACTS = {
  G1: '0a067363616c6572122f0a057363616c6512190a0278731211120b08ffffffffffffffffff011202080220021a0b0a05746f74616c12002002',
  G2: '0a067363616c657212330a057363616c65121b0a0278731211120b08ffffffffffffffffff0112020802200250021a0d0a05746f74616c120020025002',
  G3: '0a057363616c6512170a027873120d0a0bffffffffffffffffff0102200228021a0d0a05746f74616c120020022802',
} as const
const REQUESTS = {
  G1: '0a130a0a7363616c65722d6170701a057363616c6512240a027873121e0802120812020801120208023210000000000000f83f0000000000000040',
  G2: '0a130a0a7363616c65722d6170701a057363616c6512240a027873121e0802120812020801120208023210000000000000f83f0000000000000040',
  G3: '0a200a027873121a080212040a0201023210000000000000f83f0000000000000040',
} as const
const GATEWAY_G3 =
  '0a0a7363616c65722d61707012200a027873121a080212040a0201023210000000000000f83f0000000000000040'
const RESPONSE = '0a170a05746f74616c120e0802120032080000000000000c40'

/** Field 2, which both a signature's inputs and a contract's signatures are. */
function lengthDelimited(content: string): string {
  return `12${(content.length / 2).toString(16).padStart(2, '0')}${content}`
}

function contractOf(generation: HydrosphereGeneration): HydrosphereContract {
  const profile = generation === 'G1' ? {} : { profile: 'NUMERICAL' as const }
  return {
    modelName: generation === 'G3' ? '' : 'scaler',
    signatures: [
      {
        name: 'scale',
        inputs: [{ name: 'xs', datatype: 'FP64', shape: [-1, 2], ...profile }],
        outputs: [{ name: 'total', datatype: 'FP64', shape: [], ...profile }],
      },
    ],
  }
}

for (const generation of HYDROSPHERE_GENERATIONS) {
  suite(generation, () => {
    test('the contract is read and written', () => {
      const contract = contractOf(generation)
      assert.deepEqual(decodeContract(bytes(CONTRACTS[generation]), generation), contract)
      assert.equal(hex(encodeContract(contract, generation)), CONTRACTS[generation])
      assert.deepEqual(toTensorSpecs(contract.signatures[0]!.outputs), contract.signatures[0]!.outputs)
    })

    test('a request is read and written', () => {
      const request = { modelName: generation === 'G3' ? '' : 'scaler-app', inputs: [XS] }
      const decoded = decodePredictRequest(bytes(REQUESTS[generation]), generation)
      assert.equal(decoded.request.modelName, request.modelName)
      assert.equal(decoded.request.modelVersion, undefined)
      assert.deepEqual(decoded.request.inputs, [XS])
      assert.equal(decoded.signatureName, generation === 'G3' ? '' : 'scale')
      assert.equal(hex(encodePredictRequest(request, generation, 'scale')), REQUESTS[generation])
    })

    test('a response is read and written', () => {
      assert.deepEqual(decodePredictResponse(bytes(RESPONSE), generation), [TOTAL])
      assert.equal(hex(encodePredictResponse([TOTAL], generation)), RESPONSE)
    })

    test('a scalar and any shape are kept apart', () => {
      const shapes = ['0a017412002002', '0a01742002'].map(field => {
        const signature = lengthDelimited(field)
        const contract = generation === 'G3' ? signature : lengthDelimited(signature)
        const decoded = decodeContract(bytes(contract), generation)
        assert.equal(hex(encodeContract(decoded, generation)), contract)
        return decoded.signatures[0]!.inputs[0]!.shape
      })
      assert.deepEqual(shapes, [[], undefined])
    })
  })
}

test('requests of the gateway', () => {
  const request = { modelName: 'scaler-app', inputs: [XS] }
  assert.equal(hex(encodeGatewayRequest(request, 'G3')), GATEWAY_G3)
  assert.deepEqual(decodeGatewayRequest(bytes(GATEWAY_G3), 'G3'), request)
  const second = Buffer.concat(encodeGatewayRequest(request, 'G2'))
  assert.deepEqual(decodeGatewayRequest(second, 'G2').inputs, [XS])
})

test('a contract of G1 with two signatures keeps them apart, whatever generation it is read as', () => {
  const { signatures } = contractOf('G1')
  const both = { modelName: 'scaler', signatures: [signatures[0]!, { ...signatures[0]!, name: 'other' }] }
  const written = encodeContract(both, 'G1')
  for (const generation of ['G1', 'G2'] as const) assert.deepEqual(decodeContract(written, generation), both)
  for (const generation of ['G2', 'G3'] as const) {
    assert.throws(() => encodeContract(both, generation), {
      code: 'INVALID_ARGUMENT',
      message: `the contract has 2 signatures; ${generation} needs exactly one`,
    })
  }
  assert.throws(() => encodeContract({ modelName: '', signatures: [] }, 'G1'), { code: 'INVALID_ARGUMENT' })
})

test('G1 and G2 write the same bytes for a contract without profiles', () => {
  const contract = contractOf('G1')
  assert.equal(hex(encodeContract(contract, 'G1')), hex(encodeContract(contract, 'G2')))
})

test('a shape that is left open cannot be published', () => {
  assert.equal(toTensorSpecs([{ name: 'x', datatype: 'FP32', shape: undefined }]), undefined)
})

test('the paths are those of the generated services', () => {
  const { service, discovery, manager, monitoring } = g2
  assert.equal(`/${service.PredictionService.typeName}/Predict`, HYDROSPHERE_PREDICT_PATHS.G1)
  assert.equal(HYDROSPHERE_PREDICT_PATHS.G2, HYDROSPHERE_PREDICT_PATHS.G1)
  assert.equal(`/${service.PredictionService.typeName}/Status`, HYDROSPHERE_STATUS_PATH)
  assert.equal(`/${g3.runtime.PredictionService.typeName}/Predict`, HYDROSPHERE_PREDICT_PATHS.G3)
  assert.equal(discovery.ServingDiscovery.typeName, 'hydrosphere.discovery.ServingDiscovery')
  assert.equal(discovery.MetricSpecDiscoveryEventSchema.field['added']?.number, 3)
  assert.equal(manager.ManagerService.typeName, 'hydrosphere.manager.ManagerService')
  assert.equal(monitoring.MonitoringService.typeName, 'hydrosphere.monitoring.MonitoringService')
  assert.equal(g3.manager.ManagerService.typeName, 'hydrosphere.serving.manager.ManagerService')
  assert.equal(g3.gateway.GatewayService.typeName, 'hydrosphere.serving.gateway.GatewayService')
  assert.equal(g3.discovery.ServingDiscovery.typeName, 'hydrosphere.serving.discovery.ServingDiscovery')
  assert.equal(g2.contract.ModelFieldSchema.field['profile']?.number, 10)
  assert.equal(g3.contract.ModelFieldSchema.field['profile']?.number, 5)
})
