import { kafkaContract } from './contract.ts'

kafkaContract('4')
