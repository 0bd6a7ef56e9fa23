import { groupTests } from './groups-debug.ts'
groupTests('4')
