import { platformGateway, platformServable } from '../contestants/platform.ts'
import type { LoadScenario } from './load-scenario.ts'
import type { ProbeScenario } from './probe-scenario.ts'

/** The servable's process counts with the gateway's: the whole way is what a request costs. */
export const gatewayRest: LoadScenario = {
  kind: 'load',
  name: 'gateway-rest',
  title: 'An application over HTTP, and its servable asked directly over REST; 4 × FP32',
  connections: 32,
  streamsPerConnection: 1,
  entries: [
    { label: 'application', contestant: platformGateway, workload: 'gateway-echo' },
    { label: 'application over V2', contestant: platformGateway, workload: 'rest-json-small' },
    { label: 'pipeline of three stages', contestant: platformGateway, workload: 'gateway-chain' },
    { label: 'servable directly', contestant: platformServable, workload: 'rest-json-small' },
  ],
  comparisons: [
    { of: 'application', against: 'servable directly', candidates: ['servable directly'], target: 0.35 },
    {
      of: 'application over V2',
      against: 'servable directly',
      candidates: ['servable directly'],
      target: null,
    },
    { of: 'pipeline of three stages', against: 'application', candidates: ['application'], target: null },
  ],
}

export const gatewayGrpc: LoadScenario = {
  kind: 'load',
  name: 'gateway-grpc',
  title: 'An application over gRPC, and its servable asked directly; ModelInfer, 4 × FP32',
  connections: 32,
  streamsPerConnection: 1,
  entries: [
    { label: 'application', contestant: platformGateway, workload: 'grpc-raw-small' },
    { label: 'servable directly', contestant: platformServable, workload: 'grpc-raw-small' },
  ],
  comparisons: [
    { of: 'application', against: 'servable directly', candidates: ['servable directly'], target: 0.35 },
  ],
}

export const gatewayLone: ProbeScenario = {
  kind: 'probe',
  name: 'gateway-lone',
  title: 'One client with one request at a time to an application; changes of applications',
  program: 'gateway-lone.ts',
  cores: 'all',
  figures: [
    { name: 'addedMs', what: 'what the gateway adds to the servable, median', unit: 'ms', atMost: 1 },
    { name: 'directMs', what: 'the servable directly over REST, median', unit: 'ms' },
    { name: 'applicationMs', what: 'the application, median', unit: 'ms' },
    { name: 'chainMs', what: 'the pipeline of three stages, median', unit: 'ms' },
    {
      name: 'discoveryMs',
      what: 'from the answer to a change of weights to the first request that the new variant answers, median',
      unit: 'ms',
      atMost: 100,
    },
    { name: 'changeMs', what: 'the request for the change itself, median', unit: 'ms' },
  ],
}

export const platformLists: ProbeScenario = {
  kind: 'probe',
  name: 'platform-lists',
  title: '1,000 versions and 200 applications',
  program: 'platform-lists.ts',
  cores: 'all',
  figures: [
    { name: 'versionsMs', what: 'list of 1,000 versions, median', unit: 'ms', atMost: 50 },
    { name: 'applicationsMs', what: 'list of 200 applications, median', unit: 'ms', atMost: 50 },
    { name: 'servablesMs', what: 'list of their servables, median', unit: 'ms', atMost: 50 },
    { name: 'createVersionsMs', what: 'registering 1,000 versions, one after the other', unit: 'ms' },
    { name: 'createApplicationsMs', what: 'creating 200 applications, one after the other', unit: 'ms' },
    { name: 'restartMs', what: 'start of the platform with all of them', unit: 'ms' },
  ],
}
