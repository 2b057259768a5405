import { testChecks } from '../checks/suite.ts'
import { CHECKS } from './checks.ts'

testChecks(CHECKS, 107, new URL('.', import.meta.url))
