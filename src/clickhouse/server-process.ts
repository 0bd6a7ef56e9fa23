import { resolveLibchdb } from 'chdb/libchdb'
import { DataType, isNullPointer, load, open } from 'ffi-rs'

/**
 * The process that is the local ClickHouse server. The arguments are those of `clickhouse local`; the library runs
 * them as that program would, and one of the queries makes it listen. The call blocks this thread until the server
 * ends, so no JavaScript runs meanwhile, signal handlers included. What ends it is the end of standard input.
 */
open({ library: 'chdb', path: resolveLibchdb().path })
const argv = ['clickhouse', ...process.argv.slice(2)]
const result = load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
})

/** Errors of the arguments and of the start are in the result only; those of a query are on standard error already. */
const errorOf = { library: 'chdb', funcName: 'chdb_result_error', paramsType: [DataType.External] }
if (!isNullPointer(load({ ...errorOf, retType: DataType.External, paramsValue: [result] }))) {
  process.stderr.write(`${load({ ...errorOf, retType: DataType.String, paramsValue: [result] })}\n`)
  process.exitCode = 1
}
