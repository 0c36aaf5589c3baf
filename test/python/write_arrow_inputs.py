"""Writes the same rows as Arrow inputs of many kinds and, for the oracle, as Parquet: `write_arrow_inputs.py FOLDER ROWS`."""

import datetime
import decimal
import pathlib
import sys

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet

folder, rows = pathlib.Path(sys.argv[1]), int(sys.argv[2])
words = ["alpha", "beta", None, "a word longer than twelve bytes", "", "ä中😀"]
ids = range(rows)


def pick(values, row):
    return values[row % len(values)]


def nullable(values):
    return [None if row % 7 == 3 else value for row, value in enumerate(values)]


columns = {
    "id": pa.array(ids, pa.int64()),
    "small": pa.array(nullable([row % 100 - 50 for row in ids]), pa.int8()),
    "unsigned": pa.array(nullable([row % 60000 for row in ids]), pa.uint16()),
    "ratio": pa.array(nullable([row / 7 for row in ids]), pa.float64()),
    "flag": pa.array(nullable([row % 3 == 0 for row in ids]), pa.bool_()),
    "word": pa.array([pick(words, row) for row in ids], pa.string()),
    "large": pa.array([pick(words, row + 1) for row in ids], pa.large_string()),
    "view": pa.array([pick(words, row + 2) for row in ids], pa.string_view()),
    "kind": pa.array([pick(words, row) for row in ids], pa.string()).dictionary_encode(),
    "blob": pa.array(nullable([str(row).encode() for row in ids]), pa.binary()),
    "amount": pa.array(nullable([decimal.Decimal(row) / 100 for row in ids]), pa.decimal128(12, 2)),
    "day": pa.array(nullable([datetime.date(2020, 1, 1) + datetime.timedelta(row % 900) for row in ids]), pa.date32()),
    "moment": pa.array(nullable([row * 1_000_003 for row in ids]), pa.timestamp("us")),
    "moment_zone": pa.array(nullable([row * 1_000_003 for row in ids]), pa.timestamp("us", "Europe/Zurich")),
    "clock": pa.array(nullable([row % 86400 for row in ids]), pa.time32("s")),
    "list": pa.array(nullable([[row, None] if row % 2 else [] for row in ids]), pa.list_(pa.int32())),
    "struct": pa.array(
        nullable([{"a": row, "b": pick(words, row)} for row in ids]),
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
    ),
}
table = pa.table(columns)
# Parquet has neither views nor dictionaries of its own: the oracle's rows are plain.
plain = {"view": pa.string(), "kind": pa.string()}
oracle = pa.table({name: column.cast(plain[name]) if name in plain else column for name, column in columns.items()})
parquet.write_table(oracle, folder / "oracle.parquet")

BATCH_ROWS = 3000


def write(name, make, written, **options):
    with pa.OSFile(str(folder / name), "wb") as sink:
        with make(sink, written.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(written, max_chunksize=BATCH_ROWS)


def parts():
    """Batches whose dictionaries grow, each a part of the table that was encoded alone."""
    for start in range(0, rows, BATCH_ROWS):
        part = oracle.slice(start, BATCH_ROWS)
        kind = part.column("kind").combine_chunks()
        # From the first row on, so that every dictionary goes on where the one before ended.
        seen = oracle.column("kind").slice(0, start + BATCH_ROWS).combine_chunks().dictionary_encode()
        encoded = seen.slice(start, len(kind))
        index = part.schema.get_field_index("kind")
        yield part.set_column(index, "kind", encoded).combine_chunks()


def write_growing(name, make, **options):
    growing = list(parts())
    with pa.OSFile(str(folder / name), "wb") as sink:
        with make(sink, growing[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            for part in growing:
                writer.write_table(part)


for codec in [None, "lz4", "zstd"]:
    write(f"file-{codec}.arrow", pa.ipc.new_file, table, compression=codec)
    write(f"stream-{codec}.arrows", pa.ipc.new_stream, table, compression=codec)
feather.write_feather(oracle, str(folder / "feather.feather"), compression="lz4", chunksize=BATCH_ROWS)
write_growing("deltas.ipc", pa.ipc.new_stream, emit_dictionary_deltas=True)
write_growing("file-deltas.ipc", pa.ipc.new_file, emit_dictionary_deltas=True)
write_growing("replaced.ipc", pa.ipc.new_stream)
write("legacy.arrows", pa.ipc.new_stream, oracle, use_legacy_format=True)
