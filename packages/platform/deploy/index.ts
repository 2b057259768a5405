/**
 * How servables are run. `DeployDriver` is the interface: it keeps servables running and tells where their replicas
 * listen. Nobody outside this room knows by what means.
 *
 * ## Processes of this machine
 *
 * `createProcessDriver` starts each replica as a process on a port of 127.0.0.1: `millrace runtime` for the built-in
 * runtimes, else the program that the runtime names, in the model's `files`. It gets `APP_PORT`, `HOST` and `MODEL_DIR`, the
 * deployment's variables, and of the control plane's own only what programs need (`PATH`, `HOME`, languages, proxies,
 * `PYTHON*`, certificates). A Python environment `venv` in the model's folder is found first. An image is UNIMPLEMENTED.
 *
 * **Ready** is one whose health service says SERVING; else whose `Status` does; else one that has neither and answers over
 * HTTP/2; for V2, one whose `ServerReady` does. What a program speaks is found out, unless its runtime says it.
 *
 * **States.** `Starting` until it is first ready. `NotServing`: it has ended, was not ready in time, or says that it does
 * not serve; the message has its last lines. `NotAvailable`: it was ready and gives no answer. One that ends, or gives no
 * answer in ten seconds, leaves `replicas` at once. One that has ended, or has given no answer for a minute, is started
 * again with delays that double up to a minute. A servable is `Serving` when all of its replicas are; after that as long
 * as one is, with a message about the others. Two replicas for each processor start at a time, others wait.
 *
 * **Limits.** Memory is looked at twice a second, on Linux: a process group whose resident memory is beyond its limit is
 * ended and started again. It is no wall: a burst between two looks passes. A limit of processors binds nobody; a whole
 * number of them is handed to thread pools (`UV_THREADPOOL_SIZE`, `OMP_NUM_THREADS`). Output above 1 MiB a second, after a
 * burst of 4 MiB, is left out of the log, and a line says so; a replica never waits for its log.
 *
 * **Sleep.** `deployAsleep` has a servable whose replicas run from `wake` to `sleep`; its name, log and files stay. When to do
 * what is not this room's to say.
 *
 * **Nothing outlives the control plane.** A watcher in each replica's process group kills it when the control plane is
 * gone, even by `kill -9`. What has left its group is found by a variable in its environment: when its replica ends,
 * and by `cleanUp` in the next life. Process ids are never trusted without the start time. The last two need Linux.
 */
export type {
  DeployDriver,
  Deployment,
  Replica,
  RuntimeChoice,
  RuntimeProtocol,
  ServableSpec,
  ServableState,
  ServableStatus,
  SleepingDeployment,
} from './deploy-driver.ts'
export { createProcessDriver, type ProcessDriverOptions } from './process-driver.ts'
