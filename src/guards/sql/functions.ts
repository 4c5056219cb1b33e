/**
 * Functions that change nothing, run no SQL of their own, read no file and wait for nobody: what
 * they give depends on their arguments, the clock and chance alone. A function that is not here may
 * do anything.
 *
 * Not here on purpose: nextval, setval, set_config, setseed, pg_* (files, signals, locks, sleep),
 * lo_*, dblink*, txid_current (takes a number), and what runs SQL from a text: query_to_xml,
 * table_to_xml and their kin, ts_stat, ts_rewrite, cursor_to_xml.
 */
const NAMES = `
  any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or count every json_agg
  json_object_agg jsonb_agg jsonb_object_agg max min range_agg range_intersect_agg string_agg sum
  corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
  regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp var_pop var_samp variance
  mode percentile_cont percentile_disc rank dense_rank percent_rank cume_dist row_number ntile lag
  lead first_value last_value nth_value

  abs acos acosd asin asind atan atan2 atan2d atand cbrt ceil ceiling cos cosd cosh cot cotd
  degrees div erf erfc exp factorial floor gcd lcm ln log log10 min_scale mod pi power radians
  random round scale sign sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket

  ascii bit_count bit_length btrim casefold char_length character_length chr concat concat_ws
  convert convert_from convert_to crc32 crc32c decode encode format get_bit get_byte initcap
  is_normalized left length like_escape lower lpad ltrim md5 normalize notlike octet_length
  overlay parse_ident position quote_ident quote_literal quote_nullable regexp_count regexp_instr
  regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim sha224 sha256 sha384
  sha512 similar_to_escape split_part starts_with string_to_array string_to_table strpos substr
  substring to_ascii to_hex translate trim unistr upper

  age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite
  justify_days justify_hours justify_interval localtimestamp make_date make_interval make_time
  make_timestamp make_timestamptz now overlaps statement_timestamp timeofday timezone to_char
  to_date to_number to_timestamp transaction_timestamp

  array_append array_cat array_dims array_fill array_length array_lower array_ndims
  array_position array_positions array_prepend array_remove array_replace array_reverse
  array_sample array_shuffle array_sort array_to_string array_upper cardinality trim_array unnest
  generate_series generate_subscripts isempty lower_inc lower_inf upper_inc upper_inf range_merge
  daterange int4range int8range numrange tsrange tstzrange multirange

  array_to_json json_array_elements json_array_elements_text json_array_length json_build_array
  json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object
  json_object_keys json_strip_nulls json_to_record json_to_recordset json_typeof
  jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
  jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text
  jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query
  jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax
  jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb

  array_to_tsvector numnode phraseto_tsquery plainto_tsquery querytree setweight strip to_tsquery
  to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsquery_phrase
  tsvector_to_array websearch_to_tsquery

  area box center circle diameter height host hostmask inet_merge inet_same_family line lseg
  masklen netmask network point polygon radius width
  enum_first enum_last enum_range gen_random_uuid uuidv4 uuidv7 num_nonnulls num_nulls
  current_database current_schema current_schemas version
`;

const PURE = new Set(NAMES.trim().split(/\s+/));

/** By its name alone or in PostgreSQL's own schema: the same name elsewhere is another function. */
export function isPureFunction(name: readonly string[]): boolean {
  return isBuiltIn(name, PURE);
}

/** Types of PostgreSQL's own. A cast to another runs what its owner wrote. */
const TYPES = new Set(
  `bit bool box bpchar bytea char cidr circle date daterange datemultirange float4 float8 inet int2
  int4 int4range int4multirange int8 int8range int8multirange interval json jsonb jsonpath line
  lseg macaddr macaddr8 money name numeric nummultirange numrange oid path point polygon
  regclass regnamespace regtype text time timestamp timestamptz timetz tsquery tsrange
  tsmultirange tstzrange tstzmultirange tsvector uuid varbit varchar xml`.split(/\s+/),
);

export function isBuiltInType(name: readonly string[]): boolean {
  return isBuiltIn(name, TYPES);
}

function isBuiltIn(name: readonly string[], known: ReadonlySet<string>): boolean {
  const [first, second, ...more] = name;
  if (first === undefined || more.length > 0) return false;
  if (second === undefined) return known.has(first);
  return first === "pg_catalog" && known.has(second);
}
