"""Writes Parquet as pyarrow can: bloom filters, a page index, pages of version 2, many row groups: `write_bloom_parquet.py FILE ROWS`."""

import random
import sys

import pyarrow as pa
import pyarrow.parquet as parquet

path, rows = sys.argv[1], int(sys.argv[2])
ids = range(rows)
# Values that no codec makes smaller, so that the columns nobody needs are most of the file.
draw = random.Random(1).random
columns = {f"c{column}": pa.array([draw() for row in ids]) for column in range(40)}
table = pa.table(
    {
        "id": pa.array(ids, pa.int64()),
        "key": pa.array([f"key {row * 7919 % 1000}" for row in ids]),
        "word": pa.array([f"a word of some length {row % 10007}" for row in ids]),
        **columns,
    }
)
parquet.write_table(
    table,
    path,
    row_group_size=5000,
    compression="zstd",
    use_dictionary=["key"],
    data_page_version="2.0",
    write_page_index=True,
    bloom_filter_options={"key": {"ndv": 1000, "fpp": 0.01}, "id": {"ndv": 5000, "fpp": 0.01}},
)
