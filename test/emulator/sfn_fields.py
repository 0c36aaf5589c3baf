"""The fields of the Amazon States Language in its JSONPath form, and which of them the emulator runs.

@see https://states-language.net/spec.html
@see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

_STEP = {"Next", "End"}
_PATHS = {"InputPath", "OutputPath"}
_RESULT = {"ResultPath", "ResultSelector"}
_HANDLERS = {"Retry", "Catch"}
_COMMON = {"Type", "Comment", "QueryLanguage"}

MACHINE = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
PROCESSOR = {"ProcessorConfig", "StartAt", "States", "Comment"}
PROCESSOR_CONFIG = {"Mode", "ExecutionType"}
BRANCH = {"StartAt", "States", "Comment"}

STATES = {
    "Pass": _COMMON | _PATHS | _STEP | {"Result", "Parameters", "ResultPath", "Assign"},
    "Task": _COMMON
    | _PATHS
    | _STEP
    | _RESULT
    | _HANDLERS
    | {"Resource", "Parameters", "Credentials", "TimeoutSeconds", "TimeoutSecondsPath"}
    | {"HeartbeatSeconds", "HeartbeatSecondsPath", "Assign"},
    "Choice": _COMMON | _PATHS | {"Choices", "Default", "Assign"},
    "Wait": _COMMON | _PATHS | _STEP | {"Seconds", "Timestamp", "SecondsPath", "TimestampPath", "Assign"},
    "Succeed": _COMMON | _PATHS,
    "Fail": _COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
    "Parallel": _COMMON | _PATHS | _STEP | _RESULT | _HANDLERS | {"Branches", "Parameters", "Assign"},
    "Map": _COMMON
    | _PATHS
    | _STEP
    | _RESULT
    | _HANDLERS
    | {
        "ItemProcessor",
        "Iterator",
        "ItemReader",
        "ItemSelector",
        "ItemBatcher",
        "ItemsPath",
        "ResultWriter",
        "Label",
    }
    | {"MaxConcurrency", "MaxConcurrencyPath", "Parameters", "Assign"}
    | {"ToleratedFailureCount", "ToleratedFailureCountPath"}
    | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"},
}

RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
CATCHER = {"ErrorEquals", "Next", "ResultPath", "Comment", "Assign"}

ITEM_READER = {"Resource", "Parameters", "ReaderConfig"}
READER_CONFIG = {
    "InputType",
    "MaxItems",
    "MaxItemsPath",
    "CSVHeaderLocation",
    "CSVHeaders",
    "CSVDelimiter",
    "ItemsPointer",
    "Transformation",
    "ManifestType",
}
READER_PARAMETERS = {"Bucket", "Key", "Prefix", "VersionId", "ExpectedBucketOwner"}

_COMPARED = {
    "String": ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"),
    "Numeric": ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"),
    "Timestamp": ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"),
    "Boolean": ("Equals",),
}
COMPARISONS = {
    *(kind + how + path for kind, hows in _COMPARED.items() for how in hows for path in ("", "Path")),
    "StringMatches",
    "IsNull",
    "IsPresent",
    "IsNumeric",
    "IsString",
    "IsBoolean",
    "IsTimestamp",
}
RULE = {"And", "Or", "Not", "Variable", "Next", "Comment", "Assign", *COMPARISONS}

# Of the language, and not run here: refused, so that nobody believes that it was.
NOT_EMULATED = {
    "Assign",
    "Credentials",
    "HeartbeatSeconds",
    "HeartbeatSecondsPath",
    "TimeoutSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ItemBatcher",
    "ResultWriter",
    "Iterator",
    "MaxItemsPath",
    "CSVHeaderLocation",
    "CSVHeaders",
    "CSVDelimiter",
    "ItemsPointer",
    "Transformation",
    "ManifestType",
    "Prefix",
    "VersionId",
}
EMULATED_VALUES = {
    "QueryLanguage": ("JSONPath",),
    "InputType": ("JSONL",),
    "ExecutionType": ("STANDARD",),
    "JitterStrategy": ("FULL", "NONE"),
    "Mode": ("INLINE", "DISTRIBUTED"),
}
READER_RESOURCES = ("arn:aws:states:::s3:getObject",)
