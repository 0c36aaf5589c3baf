const HEAD = 'name: a\ninput: {uri: x.csv}\noutput: {uri: o/}\n';
const steps = (text: string): string => `${HEAD}steps:\n${text}`;
const STEP_NAMES_TEXT =
  'filter, select, extend, map, flat_map, map_batches, unnest, repartition, group_by, distinct, sort, infer';
const SPEC_FIELDS = 'name, input, steps, output, deadline, on_deadline, budget, errors, lora and seed';

/** What is wrong, the document, and each problem as `line:column  path: sentence`. */
export const BAD_SPECS: readonly (readonly [title: string, text: string, problems: readonly string[]])[] = [
  ['an empty document', '', ['the spec is empty; it needs name, input and output']],
  ['a document of comments', '# nothing\n', ['the spec is empty; it needs name, input and output']],
  ['a document of null', '~\n', ['1:1  the spec is empty; it needs name, input and output']],
  ['a list', '- 1\n', ['1:1  expected a mapping with name, input, steps and output, found a list']],
  ['text', 'hello\n', ['1:1  expected a mapping with name, input, steps and output, found "hello" (text)']],
  [
    'a missing name',
    'input: {uri: x}\noutput: {uri: o}\n',
    [
      '1:1  name: is missing; expected a name of a-z, 0-9 and "-", at most 63 long, that begins with a letter or digit',
    ],
  ],
  ['a missing input', 'name: a\noutput: {uri: o}\n', ['1:1  input: is missing; expected a mapping with uri']],
  [
    'a missing output',
    'name: a\ninput: {uri: x}\n',
    ['1:1  output: is missing; expected a mapping with uri'],
  ],
  [
    'a missing uri',
    'name: a\ninput: {format: csv}\noutput: {uri: o}\n',
    ['2:1  input.uri: is missing; expected a path, or a list of paths'],
  ],
  [
    'a name in capitals',
    'name: My Job\ninput: {uri: x}\noutput: {uri: o}\n',
    [
      '1:7  name: expected a name of a-z, 0-9 and "-", at most 63 long, that begins with a letter or digit, found "My Job" (text)',
    ],
  ],
  [
    'a name that is a number',
    'name: 2024\ninput: {uri: x}\noutput: {uri: o}\n',
    [
      '1:7  name: expected a name of a-z, 0-9 and "-", at most 63 long, that begins with a letter or digit, found 2024 (a number)',
    ],
  ],
  [
    'an unknown field near a known one',
    `${HEAD}dedline: 6h\n`,
    [`4:1  dedline: unknown field; the fields of a spec are ${SPEC_FIELDS} Did you mean "deadline"?`],
  ],
  [
    'an unknown field near none',
    `${HEAD}zzz: 1\n`,
    [`4:1  zzz: unknown field; the fields of a spec are ${SPEC_FIELDS}`],
  ],
  [
    'an input that is text',
    'name: a\ninput: x.csv\noutput: {uri: o}\n',
    ['2:8  input: expected a mapping with uri, found "x.csv" (text)'],
  ],
  [
    'an empty list of inputs',
    'name: a\ninput: {uri: []}\noutput: {uri: o}\n',
    ['2:14  input.uri: must not be empty'],
  ],
  [
    'a number among the inputs',
    'name: a\ninput: {uri: [x, 5]}\noutput: {uri: o}\n',
    ['2:18  input.uri[1]: expected a path, found 5 (a number); text that looks like that needs quotes'],
  ],
  ['an empty path', 'name: a\ninput: {uri: ""}\noutput: {uri: o}\n', ['2:14  input.uri: must not be empty']],
  [
    'inputs of this machine and in S3',
    'name: a\ninput: {uri: [s3://b/x, s3://b/y, z]}\noutput: {uri: o}\n',
    [
      '2:35  input.uri[2]: s3:// addresses and local paths do not mix in one input; copy the ones beside the others',
    ],
  ],
  [
    'an address of the web',
    'name: a\ninput: {uri: "https://example.org/x"}\noutput: {uri: o}\n',
    ['2:14  input.uri: expected a local path or s3://bucket/prefix, found "https://example.org/x" (text)'],
  ],
  [
    'an unknown format',
    'name: a\ninput: {uri: x, format: parkuet}\noutput: {uri: o}\n',
    [
      '2:25  input.format: expected one of csv, tsv, jsonl, parquet, arrow or text, found "parkuet" (text) Did you mean "parquet"?',
    ],
  ],
  [
    'an option of CSV under another name',
    'name: a\ninput: {uri: x, csv: {delimiter: ","}}\noutput: {uri: o}\n',
    ['2:23  input.csv.delimiter: unknown field; it is `delim`'],
  ],
  [
    'an option of CSV that belongs elsewhere',
    'name: a\ninput: {uri: x, csv: {ignore_errors: true}}\noutput: {uri: o}\n',
    ['2:23  input.csv.ignore_errors: unknown field; say `errors.max_rejects`'],
  ],
  [
    'a misspelt option of CSV',
    'name: a\ninput: {uri: x, jsonl: {sample_sise: 5}}\noutput: {uri: o}\n',
    [
      '2:25  input.jsonl.sample_sise: unknown field; the fields of jsonl are columns, sample_size, maximum_object_size, dateformat and timestampformat Did you mean "sample_size"?',
    ],
  ],
  [
    'yes for true',
    'name: a\ninput: {uri: x, csv: {header: yes}}\noutput: {uri: o}\n',
    ['2:31  input.csv.header: expected true or false, found "yes" (text) Did you mean "true"?'],
  ],
  [
    'delim beside sep',
    'name: a\ninput: {uri: x, csv: {sep: ",", delim: ";"}}\noutput: {uri: o}\n',
    ['2:23  input.csv.sep: `sep` and `delim` are one option; give one of them'],
  ],
  [
    'a delimiter too long',
    'name: a\ninput: {uri: x, csv: {delim: "-----"}}\noutput: {uri: o}\n',
    ['2:30  input.csv.delim: expected a delimiter of 1 to 4 bytes, found "-----" (text)'],
  ],
  [
    'a quote of two characters',
    'name: a\ninput: {uri: x, csv: {quote: "ab"}}\noutput: {uri: o}\n',
    ['2:30  input.csv.quote: expected one character, or "" for none, found "ab" (text)'],
  ],
  [
    'columns as a list',
    'name: a\ninput: {uri: x, csv: {columns: [a, b]}}\noutput: {uri: o}\n',
    ['2:32  input.csv.columns: expected a mapping of column to type, found a list'],
  ],
  [
    'columns beside types',
    'name: a\ninput: {uri: x, csv: {columns: {a: INT}, types: {a: INT}}}\noutput: {uri: o}\n',
    ['2:42  input.csv.types: `columns` gives all types already; leave `types` out'],
  ],
  [
    'a type with a second statement',
    'name: a\ninput: {uri: x, csv: {types: {a: "INT; DROP"}}}\noutput: {uri: o}\n',
    ['2:34  input.csv.types.a: expected a type such as BIGINT or DECIMAL(18,3), found "INT; DROP" (text)'],
  ],
  [
    'options of another format',
    'name: a\ninput: {uri: x, format: parquet, csv: {skip: 1}}\noutput: {uri: o}\n',
    ['2:34  input.csv: the options `csv` do nothing with format parquet; leave them out'],
  ],
  [
    'options of two formats',
    'name: a\ninput: {uri: x, csv: {skip: 1}, text: {}}\noutput: {uri: o}\n',
    ['2:33  input.text: the options `text` do nothing beside `csv`; leave them out'],
  ],
  [
    'a negative skip',
    'name: a\ninput: {uri: x, csv: {skip: -1}}\noutput: {uri: o}\n',
    ['2:29  input.csv.skip: must be at least 0, found -1'],
  ],
  [
    'an unknown rule for schemas',
    'name: a\ninput: {uri: x, schema: unoin}\noutput: {uri: o}\n',
    ['2:25  input.schema: expected one of same or union, found "unoin" (text) Did you mean "union"?'],
  ],
  [
    'a mode of later',
    'name: a\ninput: {uri: x}\noutput: {uri: o, mode: append}\n',
    ['3:24  output.mode: append is planned but not there yet'],
  ],
  [
    'a field of later',
    'name: a\ninput: {uri: x}\noutput: {uri: o, partition_by: [a]}\n',
    ['3:18  output.partition_by: partition_by is planned but not there yet'],
  ],
  [
    'a deadline without unit',
    `${HEAD}deadline: 6\n`,
    [
      '4:11  deadline: expected a duration such as 6h or 1d 2h, or an instant such as 2026-11-23T06:00:00Z, found 6 (a number)',
    ],
  ],
  [
    'a deadline of nothing',
    `${HEAD}deadline: 0h\n`,
    [
      '4:11  deadline: expected a duration such as 6h or 1d 2h, or an instant such as 2026-11-23T06:00:00Z, found "0h" (text)',
    ],
  ],
  [
    'a deadline without zone',
    `${HEAD}deadline: 2026-11-23T06:00:00\n`,
    [
      '4:11  deadline: expected a duration such as 6h or 1d 2h, or an instant such as 2026-11-23T06:00:00Z, found "2026-11-23T06:00:00" (text)',
    ],
  ],
  [
    'a day that does not exist',
    `${HEAD}deadline: 2026-02-30T06:00:00Z\n`,
    [
      '4:11  deadline: expected a duration such as 6h or 1d 2h, or an instant such as 2026-11-23T06:00:00Z, found "2026-02-30T06:00:00Z" (text)',
    ],
  ],
  [
    'an unknown action',
    `${HEAD}deadline: 6h\non_deadline: stop\n`,
    ['5:14  on_deadline: expected one of alert, scale, partial or cancel, found "stop" (text)'],
  ],
  [
    'an action without deadline',
    `${HEAD}on_deadline: cancel\n`,
    ['4:1  on_deadline: `cancel` needs a deadline'],
  ],
  [
    'a budget in another currency',
    `${HEAD}budget: 20 EUR\n`,
    ['4:9  budget: expected an amount such as 20 USD, found "20 EUR" (text)'],
  ],
  [
    'a budget of a number',
    `${HEAD}budget: 20\n`,
    ['4:9  budget: expected an amount such as 20 USD, found 20 (a number)'],
  ],
  [
    'a fraction of rejects',
    `${HEAD}errors: {max_rejects: 0.01}\n`,
    ['4:23  errors.max_rejects: expected a number of rows, or a rate such as 1%, found 0.01 (a number)'],
  ],
  [
    'a negative count of rejects',
    `${HEAD}errors: {max_rejects: -1}\n`,
    ['4:23  errors.max_rejects: must be at least 0, found -1'],
  ],
  [
    'a rate above all',
    `${HEAD}errors: {max_rejects: 101%}\n`,
    ['4:23  errors.max_rejects: expected a number of rows, or a rate such as 1%, found "101%" (text)'],
  ],
  [
    'steps in a mapping',
    `${HEAD}steps: {filter: a}\n`,
    ['4:8  steps: expected a list of steps, each after a "-", found a mapping'],
  ],
  [
    'steps without a value',
    `${HEAD}steps:\n`,
    ['4:1  steps: expected a list of steps, each after a "-", found nothing'],
  ],
  [
    'a step that is text',
    steps('- distinct\n'),
    ['5:3  steps[0]: expected a step such as "distinct: true", found "distinct" (text)'],
  ],
  [
    'a step that is text with blanks',
    steps('- filtr a > 1\n'),
    [
      '5:3  steps[0]: expected a step such as "distinct: true", found "filtr a > 1" (text) Did you mean "filter"?',
    ],
  ],
  [
    'a step that is empty',
    steps('-\n'),
    ['5:2  steps[0]: expected a step such as "distinct: true", found nothing'],
  ],
  [
    'a step without a name',
    steps('- {}\n'),
    [`5:3  steps[0]: expected a step; a step is one of ${STEP_NAMES_TEXT}`],
  ],
  [
    'a misspelt step',
    steps('- filter: a\n- grup_by: {keys: [a]}\n'),
    [`6:3  steps[1]: unknown step "grup_by"; a step is one of ${STEP_NAMES_TEXT} Did you mean "group_by"?`],
  ],
  [
    'a step of another tool',
    steps('- where: a > 1\n'),
    [`5:3  steps[0]: unknown step "where"; a step is one of ${STEP_NAMES_TEXT} Did you mean "filter"?`],
  ],
  [
    'a limit alone',
    steps('- limit: 5\n'),
    [`5:3  steps[0]: unknown step "limit"; a step is one of ${STEP_NAMES_TEXT} Did you mean "sort"?`],
  ],
  [
    'an unknown step',
    steps('- xyzzy: 5\n'),
    [`5:3  steps[0]: unknown step "xyzzy"; a step is one of ${STEP_NAMES_TEXT}`],
  ],
  [
    'a step of later',
    steps('- join: {uri: x}\n'),
    ['5:3  steps[0]: the step join is planned but not there yet'],
  ],
  [
    'two steps in one',
    steps('- filter: a\n  limit: 5\n'),
    ['5:3  steps[0]: a step has exactly one name, found "filter" and "limit"; begin each step with a "-"'],
  ],
  [
    'a step whose fields are not indented',
    steps('- group_by:\n  keys: [a]\n  aggregates: {n: count(*)}\n'),
    [
      '5:3  steps[0]: a step has exactly one name, found "group_by", "keys" and "aggregates"; indent what belongs to group_by',
    ],
  ],
  [
    'a filter without an expression',
    steps('- filter:\n'),
    ['5:3  steps[0].filter: expected an expression, found nothing'],
  ],
  ['an empty filter', steps('- filter: ""\n'), ['5:11  steps[0].filter: must not be empty']],
  [
    'a filter that is a list',
    steps('- filter: [a, b]\n'),
    ['5:11  steps[0].filter: expected an expression, found a list'],
  ],
  ['a select of nothing', steps('- select: {}\n'), ['5:3  steps[0].select: must name at least one column']],
  [
    'a select that is a list',
    steps('- select: [a, b]\n'),
    ['5:11  steps[0].select: expected a mapping of column to expression, found a list'],
  ],
  [
    'a column without an expression',
    steps('- select: {a: a, b:}\n'),
    ['5:18  steps[0].select.b: expected an expression, found nothing'],
  ],
  [
    'a date without quotes',
    steps('- extend: {d: 2026-01-01}\n'),
    ["5:12  steps[0].extend.d: 2026-01-01 is a subtraction in SQL; a date is written DATE '2026-01-01'"],
  ],
  [
    'an infinite number',
    steps('- extend: {d: .inf}\n'),
    ['5:15  steps[0].extend.d: expected an expression, found Infinity (a number)'],
  ],
  [
    'two names that differ in case',
    steps('- select: {Team: a, team: b}\n'),
    [
      '5:21  steps[0].select.team: "Team" and "team" are one name: upper and lower case do not count in column names',
    ],
  ],
  ['an empty name', steps('- select: {"": a}\n'), ['5:12  steps[0].select[""]: the name must not be empty']],
  [
    'a key given twice',
    steps('- select: {a: x, a: y}\n'),
    ['5:18  steps[0].select.a: given twice; the first is on line 5'],
  ],
  [
    'keys that are text',
    steps('- filter: a\n- filter: b\n- group_by: {keys: team, aggregates: {n: count(*)}}\n'),
    ['7:20  steps[2].group_by.keys: expected a list of column names, found "team" (text)'],
  ],
  [
    'a key that is a number',
    steps('- group_by: {keys: [1], aggregates: {n: count(*)}}\n'),
    [
      '5:21  steps[0].group_by.keys[0]: expected a column name, found 1 (a number); text that looks like that needs quotes',
    ],
  ],
  [
    'a key twice',
    steps('- group_by: {keys: [a, A], aggregates: {n: count(*)}}\n'),
    [
      '5:24  steps[0].group_by.keys[1]: "a" and "A" are one name: upper and lower case do not count in column names',
    ],
  ],
  [
    'an aggregate with the name of a key',
    steps('- group_by: {keys: [Team], aggregates: {team: count(*)}}\n'),
    ['5:41  steps[0].group_by.aggregates.team: the aggregate "team" has the name of a key'],
  ],
  [
    'keys without aggregates',
    steps('- group_by: {keys: [a]}\n'),
    [
      '5:3  steps[0].group_by: group_by needs `aggregates` or `map_groups`; for the different keys alone use `distinct`',
    ],
  ],
  [
    'aggregates beside map_groups',
    steps(
      '- group_by:\n    keys: [a]\n    aggregates: {n: count(*)}\n    map_groups: {module: m.ts, output: {a: INT}}\n',
    ),
    ['8:5  steps[0].group_by.map_groups: give `aggregates` or `map_groups`, not both'],
  ],
  [
    'aggregates under a short name',
    steps('- group_by: {keys: [a], aggs: {n: count(*)}}\n'),
    [
      '5:3  steps[0].group_by: group_by needs `aggregates` or `map_groups`; for the different keys alone use `distinct`',
      '5:25  steps[0].group_by.aggs: unknown field; it is `aggregates`',
    ],
  ],
  [
    'distinct false',
    steps('- distinct: false\n'),
    ['5:13  steps[0].distinct: expected true, or a list of column names, found false'],
  ],
  ['distinct of nothing', steps('- distinct: []\n'), ['5:13  steps[0].distinct: must not be empty']],
  [
    'a sort without limit',
    steps('- sort: {by: a}\n'),
    ['5:3  steps[0].sort.limit: is missing; expected a whole number of rows'],
  ],
  [
    'a sort by position',
    steps('- sort: {by: 1 DESC, limit: 5}\n'),
    ['5:10  steps[0].sort.by: sort by the name of a column, not by its position 1 DESC'],
  ],
  [
    'a limit of zero',
    steps('- sort: {by: [a], limit: 0}\n'),
    ['5:26  steps[0].sort.limit: must be at least 1, found 0'],
  ],
  [
    'a limit that is a fraction',
    steps('- sort: {by: [a], limit: 1.5}\n'),
    ['5:26  steps[0].sort.limit: expected a whole number of rows, found 1.5 (a number)'],
  ],
  [
    'a limit as text',
    steps('- sort: {by: [a], limit: ten}\n'),
    ['5:26  steps[0].sort.limit: expected a whole number of rows, found "ten" (text)'],
  ],
  [
    'unnest of a list',
    steps('- unnest: [a]\n'),
    ['5:11  steps[0].unnest: expected a column name, found a list'],
  ],
  [
    'repartition by both',
    steps('- repartition: {by: [a], partitions: 5}\n'),
    ['5:3  steps[0].repartition: give `by` or `partitions`, exactly one of them'],
  ],
  [
    'repartition by nothing',
    steps('- repartition: {}\n'),
    ['5:3  steps[0].repartition: give `by` or `partitions`, exactly one of them'],
  ],
  [
    'a module without output',
    steps('- map: {module: m.ts}\n'),
    ['5:3  steps[0].map.output: is missing; expected a mapping of column to type'],
  ],
  [
    'a module with a bad timeout',
    steps('- flat_map: {module: m.ts, output: {a: INT}, timeout: fast}\n'),
    ['5:55  steps[0].flat_map.timeout: expected a duration such as 90m or 1d 2h, found "fast" (text)'],
  ],
  [
    'an unknown task',
    steps('- infer: {task: chatt, model: m, prompt: p, output: o}\n'),
    [
      '5:17  steps[0].infer.task: expected one of chat, generate, embed or score, found "chatt" (text) Did you mean "chat"?',
    ],
  ],
  [
    'chat without prompt',
    steps('- infer: {model: m, output: o}\n'),
    ['5:3  steps[0].infer: chat needs `prompt`, or `messages`'],
  ],
  [
    'chat with two prompts',
    steps('- infer: {model: m, output: o, prompt: p, messages: c}\n'),
    ['5:43  steps[0].infer.messages: give `prompt` or `messages`, not both'],
  ],
  [
    'score with a prompt',
    steps('- infer: {task: score, model: m, output: o, prompt: p, query: q}\n'),
    [
      '5:3  steps[0].infer: score needs `query` and `document`; `document` is missing',
      '5:45  steps[0].infer.prompt: `prompt` belongs to the task chat or generate or embed, and this task is score',
    ],
  ],
  [
    'two shapes of an answer',
    steps('- infer: {model: m, output: o, prompt: p, choice: [a, b], regex: x}\n'),
    ['5:59  steps[0].infer.regex: an answer has one shape; give `choice` or `regex`'],
  ],
  [
    'a misspelt sampling parameter',
    steps('- infer: {model: m, output: o, prompt: p, sampling: {temprature: 0}}\n'),
    [
      '5:54  steps[0].infer.sampling.temprature: unknown field; the fields of sampling are temperature, top_p, top_k, min_p, max_tokens, min_tokens, presence_penalty, frequency_penalty, repetition_penalty, stop and ignore_eos Did you mean "temperature"?',
    ],
  ],
  [
    'an unknown adapter',
    steps('- infer: {model: m, output: o, prompt: p, lora: sql}\nlora: [{name: sqll, model: m}]\n'),
    ['5:43  steps[0].infer.lora: unknown adapter "sql"; the list `lora` has sqll Did you mean "sqll"?'],
  ],
  [
    'an adapter twice',
    `${HEAD}lora: [{name: x, model: m}, {name: x, model: n}]\n`,
    ['4:30  lora[1].name: the adapter "x" is named twice'],
  ],
  [
    'an anchor and an alias',
    steps('- filter: &f a\n- filter: *f\n'),
    [
      '5:14  steps[0].filter: anchors are not supported; write the value out where it is used',
      '6:11  steps[1].filter: aliases are not supported; write the value out',
    ],
  ],
  ['a merge key', `${HEAD}<<: {seed: 1}\n`, ['4:1  merge keys are not supported; write the fields out']],
  ['a tag', `${HEAD}seed: !!str 1\n`, ['4:13  seed: tags such as !!str are not supported']],
  ["a tag of one's own", `${HEAD}seed: !ruby 1\n`, ['4:13  seed: tags such as !ruby are not supported']],
  ['a key that is a list', `${HEAD}? [a]\n: 1\n`, ['4:3  expected a name before ":"']],
  [
    'two documents',
    `${HEAD}---\nname: a\ninput: {uri: x.csv}\noutput: {uri: o/}\n`,
    ['4:1  a spec is one YAML document; found a second one'],
  ],
  [
    'a list that is not closed',
    'name: [a\ninput: {uri: x}\n',
    ['2:1  not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  [
    'a tab as indentation',
    'name: a\ninput:\n\turi: x\n',
    ['3:1  not valid YAML: Tabs are not allowed as indentation'],
  ],
  [
    'a prototype as a name',
    steps('- select: {__proto__: a}\n'),
    ['5:12  steps[0].select: the name "__proto__" cannot be used'],
  ],
  [
    'a NUL behind a backslash',
    steps('- filter: "a\\0"\n'),
    ['5:11  steps[0].filter: the character U+0000 cannot stand in a spec'],
  ],
  ['a NUL', 'name: a\u0000\n', ['1:8  the character U+0000 cannot stand in a spec']],
  [
    'many mistakes at once',
    'nam: a\ninput: {uri: 5}\nsteps:\n- filtr: a\n- sort: {by: [], limit: -1}\noutput: {format: xml}\nbudget: lots\n',
    [
      '1:1  name: is missing; expected a name of a-z, 0-9 and "-", at most 63 long, that begins with a letter or digit',
      `1:1  nam: unknown field; the fields of a spec are ${SPEC_FIELDS} Did you mean "name"?`,
      '2:14  input.uri: expected a path, or a list of paths, found 5 (a number); text that looks like that needs quotes',
      `4:3  steps[0]: unknown step "filtr"; a step is one of ${STEP_NAMES_TEXT} Did you mean "filter"?`,
      '5:14  steps[1].sort.by: must not be empty',
      '5:25  steps[1].sort.limit: must be at least 1, found -1',
      '6:1  output.uri: is missing; expected a path',
      '6:18  output.format: expected one of parquet, jsonl, csv or arrow, found "xml" (text)',
      '7:9  budget: expected an amount such as 20 USD, found "lots" (text)',
    ],
  ],
];
