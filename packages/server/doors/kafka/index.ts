export { createKafkaDoor, type KafkaDoor } from './kafka-door.ts'
