"""The object store: what it promises, on files and on S3."""
