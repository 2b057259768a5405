import { scenarioSuite } from './scenario-suite.ts'
import { openTarget } from './target.ts'

scenarioSuite(openTarget)
