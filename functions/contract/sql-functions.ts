/**
 * The functions that an expression may call: a function that is not in this table is refused. Names are
 * lower case; DuckDB does not heed case. Each name of DuckDB 1.5.5 stands either here or in
 * `sql-refusals.ts`; `test/contract/sql-functions.test.ts` holds that against the engine.
 */
export type SqlFunction = ScalarFunction | AggregateFunction | InstantFunction;

type ScalarFunction = {
  readonly kind: 'scalar';
  readonly topic: string;
  readonly minArguments?: number;
  /** What to write instead of fewer arguments. */
  readonly advice?: string;
};

/**
 * `algebraic`: partial results of parts of a group merge into the result of the whole (unless the call
 * says DISTINCT). `holistic`: all rows of a group must meet. `isOrderDependent`: the result depends on
 * the order of rows, or on ties, so the call needs an ORDER BY inside.
 */
type AggregateFunction = {
  readonly kind: 'aggregate';
  readonly merge: 'algebraic' | 'holistic';
  readonly isOrderDependent: boolean;
  /** The name that DuckDB resolves an alias to: `mean` is `avg`. */
  readonly canonical: string;
  readonly note: string;
  readonly minArguments?: number;
  readonly advice?: string;
};

/** Reads the clock: bound to the submission instant. `ago(i)` is that instant less `i`. */
type InstantFunction = { readonly kind: 'instant'; readonly type: InstantType };

export type InstantType = 'DATE' | 'TIME' | 'TIME WITH TIME ZONE' | 'TIMESTAMP' | 'TIMESTAMP WITH TIME ZONE';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const SCALARS: Readonly<Record<string, readonly string[]>> = {
  // Operators as the parser names them, and what compares values.
  operators: words(`
    !__postfix !~~ !~~* % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ add divide greatest
    ilike_escape least like_escape mod multiply not_ilike_escape not_like_escape nullif subtract typeof
    xor | || ~ ~~ ~~* ~~~`),
  numbers: words(`
    abs acos acosh asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees
    equi_width_bins even exp factorial fdiv floor fmod gamma gcd greatest_common_divisor
    is_histogram_other_bin isfinite isinf isnan lcm least_common_multiple lgamma ln log log10 log2
    nextafter pi pow power radians round round_even roundbankers sign signbit sin sinh sqrt tan tanh
    trunc`),
  text: words(`
    ascii bar base64 bin bit_length char_length character_length chr concat concat_ws contains
    damerau_levenshtein decode editdist3 encode ends_with format format_bytes formatreadabledecimalsize
    formatreadablesize from_base64 from_binary from_hex hamming hex instr jaccard jaro_similarity
    jaro_winkler_similarity lcase left left_grapheme len length length_grapheme levenshtein lower lpad
    ltrim md5 md5_number md5_number_lower md5_number_upper mismatches nfc_normalize octet_length ord
    parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path position prefix printf
    repeat replace reverse right right_grapheme rpad rtrim sha1 sha256 split split_part starts_with
    str_split string_split string_to_array strip_accents strlen strpos substr substring
    substring_grapheme suffix to_base to_base64 to_binary to_hex translate trim ucase unbin unhex
    unicode upper url_decode url_encode`),
  'regular expressions': words(`
    regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array str_split_regex string_split_regex`),
  'bit strings': words(`
    bit_position bitstring get_bit set_bit`),
  'dates and times': words(`
    age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day
    dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era
    hour isodow isoyear julian last_day make_date make_time make_timestamp make_timestamp_ms
    make_timestamp_ns make_timestamptz microsecond millennium millisecond minute month monthname
    nanosecond normalized_interval quarter second strftime strptime time_bucket timezone timezone_hour
    timezone_minute to_centuries to_days to_decades to_hours to_microseconds to_millennia
    to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years
    try_strptime week weekday weekofyear year yearweek`),
  'enums and UUIDs': words(`
    enum_code enum_first enum_last enum_range enum_range_boundary uuid_extract_timestamp
    uuid_extract_version`),
  lists: words(`
    array_append array_cat array_concat array_contains array_cosine_distance array_cosine_similarity
    array_cross_product array_distance array_distinct array_dot_product array_extract array_grade_up
    array_has array_has_all array_has_any array_indexof array_inner_product array_intersect array_length
    array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front
    array_position array_prepend array_push_back array_push_front array_resize array_reverse
    array_reverse_sort array_select array_slice array_sort array_to_string array_to_string_comma_default
    array_unique array_value array_where array_zip flatten generate_series grade_up list_any_value
    list_append list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and
    list_bool_or list_cat list_concat list_contains list_cosine_distance list_cosine_similarity
    list_count list_distance list_distinct list_dot_product list_element list_entropy list_extract
    list_first list_grade_up list_has list_has_all list_has_any list_histogram list_indexof
    list_inner_product list_intersect list_kurtosis list_kurtosis_pop list_last list_mad list_max
    list_median list_min list_mode list_negative_dot_product list_negative_inner_product list_pack
    list_position list_prepend list_product list_resize list_reverse list_reverse_sort list_select
    list_sem list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg
    list_sum list_unique list_value list_var_pop list_var_samp list_where list_zip range`),
  // The second argument is a lambda: `x -> x + 1` or `lambda x: x + 1`.
  lambdas: words(`
    apply array_apply array_filter array_reduce array_transform filter list_apply list_filter
    list_reduce list_transform reduce`),
  // The second argument is the name of an aggregate of this table, a constant.
  'named aggregates': words(`
    aggregate array_aggr array_aggregate list_aggr list_aggregate`),
  'structs, maps and unions': words(`
    cardinality element_at map map_concat map_contains map_contains_entry map_contains_value map_entries
    map_extract map_extract_value map_from_entries map_keys map_values row struct_concat struct_contains
    struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack
    struct_position struct_update struct_values switch union_extract union_tag union_value`),
  JSON: words(`
    array_to_json from_json from_json_strict json json_array json_array_length json_contains json_exists
    json_extract json_extract_path json_extract_path_text json_extract_string json_keys json_merge_patch
    json_object json_pretty json_quote json_structure json_transform json_transform_strict json_type
    json_valid json_value row_to_json to_json`),
};

/** Scalar functions whose second argument is a lambda. */
export const LAMBDA_FUNCTIONS: ReadonlySet<string> = new Set(SCALARS.lambdas);

/** Scalar functions whose second argument names an aggregate, which must be a constant. */
export const NAMED_AGGREGATE_FUNCTIONS: ReadonlySet<string> = new Set(SCALARS['named aggregates']);

/** Scalar functions that put a list into an order of its own, whatever order it had. */
export const LIST_SORTS: ReadonlySet<string> = new Set([
  'array_reverse_sort',
  'array_sort',
  'list_reverse_sort',
  'list_sort',
]);

const SCALAR_ARITY: ReadonlyMap<string, { readonly minArguments: number; readonly advice: string }> = new Map(
  [['age', { minArguments: 2, advice: 'age(x) reads the clock: write age(current_date, x)' }]],
);

type AggregateRow = readonly [name: string, note: string, canonical?: string];

// Sums of floats may differ in their last bits where parts are added in another order.
const ALGEBRAIC: readonly AggregateRow[] = [
  ['avg', 'sum and count'],
  ['bit_and', 'merged by itself'],
  ['bit_or', 'merged by itself'],
  ['bit_xor', 'merged by itself'],
  ['bitstring_agg', 'bit_or of the parts; the bounds must be given'],
  ['bool_and', 'merged by itself'],
  ['bool_or', 'merged by itself'],
  ['corr', 'moments of two variables'],
  ['count', 'sum of counts, as BIGINT'],
  ['count_if', 'sum of counts, as HUGEINT'],
  ['count_star', 'sum of counts, as BIGINT'],
  ['countif', 'sum of counts, as HUGEINT', 'count_if'],
  ['covar_pop', 'moments of two variables'],
  ['covar_samp', 'moments of two variables'],
  ['favg', 'compensated sum and count'],
  ['fsum', 'compensated sum', 'kahan_sum'],
  ['geomean', 'a macro: exp(avg(ln(x)))'],
  ['geometric_mean', 'a macro: exp(avg(ln(x)))', 'geomean'],
  ['kahan_sum', 'compensated sum'],
  ['kurtosis', 'moments up to the fourth'],
  ['kurtosis_pop', 'moments up to the fourth'],
  ['max', 'merged by itself; max(x, n) by the n greatest of the parts'],
  ['mean', 'sum and count', 'avg'],
  ['min', 'merged by itself; min(x, n) by the n least of the parts'],
  ['product', 'merged by itself'],
  ['regr_avgx', 'moments of two variables'],
  ['regr_avgy', 'moments of two variables'],
  ['regr_count', 'sum of counts, as UINTEGER'],
  ['regr_intercept', 'moments of two variables'],
  ['regr_r2', 'moments of two variables'],
  ['regr_slope', 'moments of two variables'],
  ['regr_sxx', 'moments of two variables'],
  ['regr_sxy', 'moments of two variables'],
  ['regr_syy', 'moments of two variables'],
  ['sem', 'moments up to the second'],
  ['skewness', 'moments up to the third'],
  ['stddev', 'moments up to the second', 'stddev_samp'],
  ['stddev_pop', 'moments up to the second'],
  ['stddev_samp', 'moments up to the second'],
  ['sum', 'merged by itself, cast back to the type of the whole'],
  ['sumkahan', 'compensated sum', 'kahan_sum'],
  ['var_pop', 'moments up to the second'],
  ['var_samp', 'moments up to the second'],
  ['variance', 'moments up to the second', 'var_samp'],
  ['wavg', 'a macro: sum(value * weight) / sum(weight of the values that are not NULL)', 'weighted_avg'],
  ['weighted_avg', 'a macro: sum(value * weight) / sum(weight of the values that are not NULL)'],
];

const HOLISTIC: readonly AggregateRow[] = [
  ['approx_count_distinct', 'a sketch that does not depend on the order of rows'],
  ['entropy', 'needs the count of each value'],
  ['histogram', 'the count of each value, or of each bin'],
  ['histogram_exact', 'the count of each bin'],
  ['mad', 'a median of distances from the median'],
  ['median', 'quantile_cont at 0.5'],
  ['quantile', 'exact', 'quantile_disc'],
  ['quantile_cont', 'exact'],
  ['quantile_disc', 'exact'],
];

// `mode` and `arg_max` are here for ties: of values equally frequent, or of rows equally great, the first counts.
const ORDER_DEPENDENT: readonly AggregateRow[] = [
  ['any_value', 'the first value that is not NULL'],
  ['arbitrary', 'the first value', 'first'],
  ['arg_max', 'of rows that tie, the first'],
  ['arg_max_null', 'of rows that tie, the first'],
  ['arg_max_nulls_last', 'of rows that tie, the first'],
  ['arg_min', 'of rows that tie, the first'],
  ['arg_min_null', 'of rows that tie, the first'],
  ['arg_min_nulls_last', 'of rows that tie, the first'],
  ['argmax', 'of rows that tie, the first', 'arg_max'],
  ['argmin', 'of rows that tie, the first', 'arg_min'],
  ['array_agg', 'values in order', 'list'],
  ['first', 'the first value'],
  ['group_concat', 'values in order', 'string_agg'],
  ['last', 'the last value'],
  ['list', 'values in order'],
  ['listagg', 'values in order', 'string_agg'],
  ['max_by', 'of rows that tie, the first', 'arg_max'],
  ['min_by', 'of rows that tie, the first', 'arg_min'],
  ['mode', 'of values equally frequent, the first'],
  ['string_agg', 'values in order'],
];

const AGGREGATE_ARITY: ReadonlyMap<string, { readonly minArguments: number; readonly advice: string }> =
  new Map([
    [
      'bitstring_agg',
      {
        minArguments: 3,
        advice:
          'without bounds it reads statistics that not every input has: write bitstring_agg(x, least, greatest)',
      },
    ],
  ]);

/**
 * Functions and words that read the clock, with the types that DuckDB gives them. Some parse as column
 * references; a column of that name wins, as it does in DuckDB.
 */
const INSTANTS: Readonly<Record<string, InstantType>> = {
  ago: 'TIMESTAMP WITH TIME ZONE',
  current_date: 'DATE',
  current_localtime: 'TIME',
  current_localtimestamp: 'TIMESTAMP',
  get_current_time: 'TIME WITH TIME ZONE',
  get_current_timestamp: 'TIMESTAMP WITH TIME ZONE',
  now: 'TIMESTAMP WITH TIME ZONE',
  today: 'DATE',
  transaction_timestamp: 'TIMESTAMP WITH TIME ZONE',
};

/** Words without parentheses that read the clock, where no column has that name. */
export const INSTANT_WORDS: ReadonlyMap<string, InstantType> = new Map([
  ['current_date', 'DATE'],
  ['current_time', 'TIME WITH TIME ZONE'],
  ['current_timestamp', 'TIMESTAMP WITH TIME ZONE'],
  ['localtime', 'TIME'],
  ['localtimestamp', 'TIMESTAMP'],
]);

const scalarRows = Object.entries(SCALARS).flatMap(([topic, names]) =>
  names.map((name): [string, SqlFunction] => [name, { kind: 'scalar', topic, ...SCALAR_ARITY.get(name) }]),
);

const aggregateRows = (
  rows: readonly AggregateRow[],
  merge: AggregateFunction['merge'],
  isOrderDependent: boolean,
): [string, SqlFunction][] =>
  rows.map(([name, note, canonical = name]) => [
    name,
    { kind: 'aggregate', merge, isOrderDependent, canonical, note, ...AGGREGATE_ARITY.get(name) },
  ]);

/** The allow-list: every function that an expression may call, by its lower-case name. */
export const SQL_FUNCTIONS: ReadonlyMap<string, SqlFunction> = new Map([
  ...scalarRows,
  ...aggregateRows(ALGEBRAIC, 'algebraic', false),
  ...aggregateRows(HOLISTIC, 'holistic', false),
  ...aggregateRows(ORDER_DEPENDENT, 'holistic', true),
  ...Object.entries(INSTANTS).map(([name, type]): [string, SqlFunction] => [name, { kind: 'instant', type }]),
]);
