import { readQuantity } from '../resources/index.ts'
import {
  isReservedPort,
  RESERVED_CONTAINERS,
  RESERVED_PORT_NAMES,
  RESERVED_PORTS_TEXT,
  RESERVED_PREFIX,
  RESERVED_VOLUMES,
} from './modelmesh-words.ts'
import type { Container, ServingRuntimeSpec } from './serving-runtime.ts'
import { type Findings, shown } from './violation.ts'

/** What holds for containers wherever they run: each has a name of its own, and quantities that can be read. */
export function checkContainers(containers: readonly Container[], findings: Findings): void {
  const names = new Set<string>()
  for (const [index, container] of containers.entries()) {
    const path = `spec.containers[${index}]`
    if (typeof container?.name !== 'string' || container.name === '') {
      findings.add(`${path}.name`, 'is missing')
      continue
    }
    if (names.has(container.name)) {
      findings.add(
        `${path}.name`,
        `${shown(container.name)} is there twice; of two containers the last would win`,
      )
    }
    names.add(container.name)
    checkVariables(container, path, findings)
    checkResources(container, path, findings)
  }
}

/** What ModelMesh keeps for itself: names of containers, ports and volumes, probes and hooks. */
export function checkReserved({ containers, volumes }: ServingRuntimeSpec, findings: Findings): void {
  for (const [index, container] of containers.entries()) {
    const path = `spec.containers[${index}]`
    const { name, ports = [] } = container
    if (RESERVED_CONTAINERS.has(name) || name?.startsWith(RESERVED_PREFIX)) {
      findings.add(
        `${path}.name`,
        `${shown(name)} is ModelMesh's own; ${[...RESERVED_CONTAINERS].join(', ')} and names that begin with ${RESERVED_PREFIX} are reserved`,
      )
    }
    for (const [number, port] of ports.entries()) {
      const place = `${path}.ports[${number}]`
      if (isReservedPort(port.containerPort)) {
        findings.add(
          `${place}.containerPort`,
          `${port.containerPort} is reserved, as are ${RESERVED_PORTS_TEXT}`,
        )
      }
      if (port.name !== undefined && RESERVED_PORT_NAMES.has(port.name)) {
        findings.add(
          `${place}.name`,
          `${shown(port.name)} is reserved, as are ${[...RESERVED_PORT_NAMES].join(', ')}`,
        )
      }
    }
    for (const field of ['readinessProbe', 'lifecycle']) {
      if (container[field] !== undefined) {
        findings.add(`${path}.${field}`, 'is set by ModelMesh itself; leave it out')
      }
    }
  }
  for (const [index, volume] of (volumes ?? []).entries()) {
    if (RESERVED_VOLUMES.has(volume.name) || volume.name?.startsWith(RESERVED_PREFIX)) {
      findings.add(
        `spec.volumes[${index}].name`,
        `${shown(volume.name)} is ModelMesh's own; ${[...RESERVED_VOLUMES].join(', ')} and names that begin with ${RESERVED_PREFIX} are reserved`,
      )
    }
  }
}

function checkVariables({ env = [] }: Container, path: string, findings: Findings): void {
  const names = new Set<string>()
  for (const [index, { name, value }] of env.entries()) {
    const place = `${path}.env[${index}]`
    if (typeof name !== 'string' || !/^[A-Za-z_.-][\w.-]*$/.test(name)) {
      findings.add(`${place}.name`, `${shown(name)} cannot name a variable`)
    } else if (names.has(name)) {
      findings.add(`${place}.name`, `${shown(name)} is there twice; of two values the last would win`)
    }
    names.add(name)
    if (value !== undefined && typeof value !== 'string') {
      findings.add(`${place}.value`, `${shown(value)} is not a text; write it in quotes`)
    }
  }
}

function checkResources({ resources }: Container, path: string, findings: Findings): void {
  for (const kind of ['requests', 'limits'] as const) {
    for (const [name, value] of Object.entries(resources?.[kind] ?? {})) {
      if (readQuantity(value) === undefined) {
        findings.add(
          `${path}.resources.${kind}.${name}`,
          `${shown(value)} is not a quantity; examples: 500m, 2, 512Mi, 1Gi`,
        )
      }
    }
  }
  for (const [name, request] of Object.entries(resources?.requests ?? {})) {
    const limit = resources?.limits?.[name]
    const [least, most] = [readQuantity(request), readQuantity(limit)]
    if (least !== undefined && most !== undefined && least > most) {
      findings.add(
        `${path}.resources.requests.${name}`,
        `${shown(request)} is more than its limit ${shown(limit)}`,
      )
    }
  }
}
