"""Judges of blocks: pyarrow, Polars and DuckDB's own Arrow scanner.

usage: arrow_judges.py read BLOCK CASES   reads each partition of a block by offset, prints what each judge sees
       arrow_judges.py write FOLDER       writes Arrow files of every type, and what DuckDB sees in them
Answers are JSON on the standard output; texts are DuckDB's `CAST(v AS VARCHAR)`, so that all sides print alike.
"""

import datetime
import decimal
import io
import json
import os
import sys

# Polars has no intervals; it reads them as structs of months, days and nanoseconds when told so.
os.environ["POLARS_IMPORT_INTERVAL_AS_STRUCT"] = "1"

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")


def printed(table: pa.Table, expression: str = "CAST(v AS VARCHAR)") -> list[str | None]:
    connection.register("judged", table)
    return [row[0] for row in connection.execute(f"SELECT {expression} FROM judged").fetchall()]


def judged(read) -> dict:
    try:
        return {"values": read()}
    except (Exception, pl.exceptions.PanicException) as error:  # the test decides which refusals are right
        return {"refused": f"{type(error).__name__}: {error}"}


def by_pyarrow(data: bytes) -> dict:
    table = ipc.open_stream(data).read_all()
    table.validate(full=True)
    return {"type": str(table.schema.field("v").type), **judged(lambda: printed(table))}


def by_polars(data: bytes) -> dict:
    def read() -> list[str | None]:
        frame = pl.read_ipc_stream(io.BytesIO(data))
        return printed(frame.to_arrow())

    return judged(read)


def read_block(block_path: str, cases_path: str) -> list[dict]:
    with open(cases_path, encoding="utf8") as file:
        cases = json.load(file)
    with open(block_path, "rb") as file:
        block = file.read()
    answers = []
    for case in cases:
        data = block[case["offset"] : case["offset"] + case["sizeBytes"]]
        answers.append({"pyarrow": by_pyarrow(data), "polars": by_polars(data)})
    return answers


DAY = datetime.date(1992, 9, 20)
INSTANT = datetime.datetime(1992, 9, 20, 11, 30, 0, 123456)
UTC = datetime.timezone.utc


def arrays() -> dict[str, pa.Array]:
    integers = {
        f"{sign}int{bits}": pa.array([0, None, 1, 100, 2 ** (bits - 1) - 1], pa.type_for_alias(f"{sign}int{bits}"))
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    }
    decimals = {
        f"decimal{bits}": pa.array([decimal.Decimal("-123.45"), None, decimal.Decimal("0.01")], make(7, 2))
        for bits, make in ((32, pa.decimal32), (64, pa.decimal64), (128, pa.decimal128), (256, pa.decimal256))
    }
    times = {
        f"time_{unit}": pa.array([datetime.time(11, 30, 1), None], make(unit))
        for unit, make in (("s", pa.time32), ("ms", pa.time32), ("us", pa.time64), ("ns", pa.time64))
    }
    stamps = {
        f"timestamp_{unit}_{zone or 'naive'}": pa.array(
            [-1, None, 716902200 * scale], pa.timestamp(unit, zone)
        )
        for unit, scale in (("s", 1), ("ms", 1000), ("us", 10**6), ("ns", 10**9))
        for zone in (None, "UTC", "Europe/Berlin")
    }
    strings = ["", None, "twelve bytes", "thirteen byte", "äöü 中文", "x" * 1000]
    blobs = [b"", None, b"\xff\x00", b"y" * 50]
    struct = pa.StructArray.from_arrays(
        [pa.array([1, 2, 3]), pa.array(["a", None, "c"])], ["a", "b"], mask=pa.array([False, True, False])
    )
    fixed = pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 4]), 2, mask=pa.array([True, False]))
    return {
        **integers,
        **decimals,
        **times,
        **stamps,
        "null": pa.nulls(5),
        "bool": pa.array([True, None, False] * 7),
        "float": pa.array([1.5, None, float("nan"), float("inf"), -0.0], pa.float32()),
        "double": pa.array([0.1, None, float("-inf")], pa.float64()),
        "date32": pa.array([DAY, None], pa.date32()),
        "date64": pa.array([DAY, None, datetime.date(1960, 1, 1)], pa.date64()),
        "duration_s": pa.array([5, None, -1], pa.duration("s")),
        "duration_us": pa.array([5, None, -1], pa.duration("us")),
        "interval": pa.array([(1, 2, 3000), None, (-1, 0, -5000)], pa.month_day_nano_interval()),
        "utf8": pa.array(strings * 50),
        "large_utf8": pa.array(strings * 50, pa.large_utf8()),
        "utf8_view": pa.array(strings * 50, pa.string_view()),
        "binary": pa.array(blobs),
        "large_binary": pa.array(blobs, pa.large_binary()),
        "binary_view": pa.array(blobs, pa.binary_view()),
        "fixed_binary": pa.array([b"abc", None, b"\xff\x00\x01"], pa.binary(3)),
        "list": pa.array([[1, None], None, [], [3]], pa.list_(pa.int32())),
        "list_sliced": pa.array([[9], [1, None], None, [], [3]], pa.list_(pa.int32())).slice(1),
        "large_list": pa.array([["a", None], None, [], ["c" * 20]], pa.large_list(pa.utf8())),
        "fixed_list": fixed,
        "struct": struct,
        "struct_list": pa.array([[{"a": 1}, None], None], pa.list_(pa.struct([("a", pa.int64())]))),
        "map": pa.array([[("k", 1), ("l", None)], None, []], pa.map_(pa.utf8(), pa.int32())),
        "dictionary": pa.array(strings * 50).dictionary_encode(),
        "dictionary_int8": pa.DictionaryArray.from_arrays(pa.array([0, None, 1], pa.int8()), ["a", "b"]),
        "dictionary_numbers": pa.array([10, None, 20, 10]).dictionary_encode(),
        "dictionary_null_value": pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None])),
    }


# What DuckDB's scanner does not read is cast for it by pyarrow first.
JUDGED_AS = {"decimal256": pa.decimal128(7, 2), "date64": pa.date32()}


def write_stream(path: str, table: pa.Table, compression: str | None, form: str) -> None:
    options = ipc.IpcWriteOptions(compression=compression, emit_dictionary_deltas=True)
    new = ipc.new_stream if form == "stream" else ipc.new_file
    with new(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=100)


def write_delta(path: str, options: ipc.IpcWriteOptions) -> pa.Table:
    kind = pa.dictionary(pa.int32(), pa.utf8())
    batches = [
        pa.record_batch([pa.DictionaryArray.from_arrays([0, 1], values).cast(kind)], names=["v"])
        for values in (["a", "b"], ["a", "b", "c a long one"], ["z", "y"])
    ]
    last = pa.record_batch([pa.DictionaryArray.from_arrays([2, 1], ["a", "b", "c a long one"]).cast(kind)], names=["v"])
    batches.insert(2, last)
    with ipc.new_stream(path, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return pa.Table.from_batches(batches)


def write_files(folder: str) -> list[dict]:
    answers = []

    def answer(name: str, path: str, table: pa.Table) -> None:
        values = printed(table)
        columns = connection.execute("DESCRIBE FROM judged").fetchall()
        answers.append({"name": name, "path": path, "type": columns[0][1], "values": values})

    for name, array in arrays().items():
        table = pa.table({"v": array})
        for compression in (None, "lz4", "zstd"):
            for form in ("stream", "file"):
                path = f"{folder}/{name.replace('/', '-')}-{compression}-{form}.arrow"
                write_stream(path, table, compression, form)
                known = table.cast(pa.schema([("v", JUDGED_AS[name])])) if name in JUDGED_AS else table
                answer(f"{name}, {compression}, {form}", path, known)
    for deltas in (True, False):
        path = f"{folder}/delta-{deltas}.arrow"
        table = write_delta(path, ipc.IpcWriteOptions(emit_dictionary_deltas=deltas))
        answer(f"dictionaries, deltas {deltas}", path, table)
    for compression in ("uncompressed", "lz4", "zstd"):
        frame = pl.DataFrame({"v": ["", None, "twelve bytes", "a longer one than twelve"] * 100})
        path = f"{folder}/polars-{compression}.arrow"
        frame.write_ipc(path, compression=compression)
        answer(f"a file of Polars, {compression}", path, frame.to_arrow())
    half = pa.table({"v": pa.array([1.5, None, -0.0, 65504, 2**-24, float("inf")], pa.float16())})
    write_stream(f"{folder}/half.arrow", half, None, "stream")
    answer("half floats", f"{folder}/half.arrow", half.cast(pa.schema([("v", pa.float32())])))
    return answers


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    result = read_block(*arguments) if mode == "read" else write_files(*arguments)
    json.dump(result, sys.stdout)
