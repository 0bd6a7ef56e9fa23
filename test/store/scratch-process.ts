import { resolveLibchdb } from 'chdb/libchdb'
import { DataType, load, open } from 'ffi-rs'

const [directory, config] = process.argv.slice(2)
open({ library: 'chdb', path: resolveLibchdb().path })
const args = [
  'clickhouse',
  '--config-file',
  config!,
  '--path',
  `${directory}/data`,
  '--log-level=warning',
  `--logger.log=${directory}/log`,
  '--query',
  `SYSTEM START LISTEN HTTP; SELECT count() FROM file('-', 'LineAsString', 's String') FORMAT Null`,
]
load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [args.length, args],
})
