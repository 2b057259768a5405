import { checksSuite } from './checks-suite-fixture.ts'
import { deploymentSuite } from './deployment-suite-fixture.ts'
import { feedSuite } from './feed-suite-fixture.ts'
import { registrySuite } from './registry-suite-fixture.ts'
import { createSuite, type SuiteBed } from './suite-bed.ts'
import { trainingSuite } from './training-suite-fixture.ts'

/** What every database has to promise. */
export function storeSuite(bed: SuiteBed): void {
  const suite = createSuite(bed)
  registrySuite(suite)
  deploymentSuite(suite)
  feedSuite(suite)
  checksSuite(suite)
  trainingSuite(suite)
}
