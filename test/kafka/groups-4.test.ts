import { groupTests } from './groups.ts'

groupTests('4')
