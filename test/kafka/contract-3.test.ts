import { kafkaContract } from './contract.ts'

kafkaContract('3')
