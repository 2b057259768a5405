import { GrpcConnection } from './grpc-connection.ts'
import { verifyGrpc } from './grpc-workload.ts'
import { HttpConnection } from './http-connection.ts'
import { verifyHttp } from './http-workload.ts'
import type { LoadJob } from './load-job.ts'
import type { LoadListener, LoadRun } from './load-run.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

/**
 * Checks one answer of the server as a whole, then loads it until the run is closed.
 * @throws Error when the server gives no answer or a wrong one
 */
export async function startLoad(job: LoadJob, listener: LoadListener): Promise<LoadRun> {
  const workload: Workload = WORKLOADS[job.workload]
  const connections = await connectionsOf(job, workload, listener)
  return {
    close() {
      for (const connection of connections) connection.close()
    },
  }
}

async function connectionsOf(job: LoadJob, workload: Workload, listener: LoadListener): Promise<LoadRun[]> {
  if (workload.protocol === 'http') {
    const exchange = await verifyHttp(job.restPort, workload.make())
    return many(job.connections, () => new HttpConnection(job.restPort, exchange, listener))
  }
  const exchange = await verifyGrpc(job.grpcPort, workload.make())
  return many(
    job.connections,
    () => new GrpcConnection(job.grpcPort, job.streamsPerConnection, exchange, listener),
  )
}

function many(count: number, connection: () => LoadRun): LoadRun[] {
  return Array.from({ length: count }, connection)
}
